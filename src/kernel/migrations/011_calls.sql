-- Calls that changed something that was there already, and had an Idempotency-Key: written with the audit entry of the call, in the
-- transaction of its effect. Who makes something stores the key in its own row. A reply is never stored.
create table kernel.calls (
  principal text not null,
  key       text not null,
  module    text not null,
  body_hash text not null,
  subject   text,
  at        timestamptz not null,
  primary key (principal, key)
);
create index calls_age on kernel.calls (at);
