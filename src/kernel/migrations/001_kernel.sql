-- What modules announce (events) and ask for (jobs), written in the transaction that causes it and moved on by the relay.
create table kernel.outbox (
  id         uuid primary key,
  seq        bigint generated always as identity,
  kind       text not null check (kind in ('event', 'job')),
  name       text not null,
  subject    text,
  payload    jsonb not null,
  not_before timestamptz,
  created_at timestamptz not null,
  sent_at    timestamptz
);
create index outbox_unsent on kernel.outbox (seq) where sent_at is null;
create index outbox_sent on kernel.outbox (sent_at) where sent_at is not null;

-- Which events a subscription has already acted on: twice is once.
create table kernel.consumed (
  subscription text not null,
  event_id     uuid not null,
  consumed_at  timestamptz not null,
  primary key (subscription, event_id)
);
create index consumed_age on kernel.consumed (consumed_at);

-- Every state-changing call and every refusal of permission: ids only, and the network (not the address) it came from.
create table kernel.audit (
  id         uuid primary key,
  at         timestamptz not null,
  actor_kind text not null,
  actor_id   text,
  operation  text not null,
  subject    text,
  outcome    text not null,
  status     int not null,
  network    text,
  request_id text not null
);
create index audit_by_actor on kernel.audit (actor_id, id desc);
create index audit_by_operation on kernel.audit (operation, id desc);
