-- Every event of all modules, in the order in which they were stored. One process at a time writes, so `seq` follows the order of the
-- commits: whoever has read up to a number misses nothing below it.
create table integrations.events (
  seq       bigint generated always as identity primary key,
  id        uuid not null unique,
  type      text not null,
  version   int not null,
  subject   text not null,
  payload   jsonb not null,
  at        timestamptz not null,
  stored_at timestamptz not null
);
create index events_type on integrations.events (type, seq);
create index events_subject on integrations.events (subject, seq);

create function integrations.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'what happened stays so: % on %.%', tg_op, tg_table_schema, tg_table_name;
end $$;
create trigger events_stay before update or truncate on integrations.events for each statement execute function integrations.refuse_change();

-- Addresses that are sent events. `position` is the last event that was looked at for it: a webhook that is dead or paused costs nothing.
-- `lease_until` is held by the process that sends to it.
create table integrations.webhooks (
  id                uuid primary key,
  url               text not null check (length(url) <= 2000),
  events            text[] not null check (cardinality(events) between 1 and 50),
  partner           text,
  partner_key       text,
  role              text check (role in ('warehouse', 'carrier')),
  state             text not null check (state in ('active', 'paused', 'disabled', 'deleted')),
  paused_because    text check (paused_because in ('person', 'failing', 'gone')),
  secret_sealed     text not null,
  old_secret_sealed text,
  old_secret_until  timestamptz,
  position          bigint not null,
  failing_since     timestamptz,
  failures          int not null default 0,
  retry_at          timestamptz,
  lease_until       timestamptz,
  created_by        uuid,
  created_at        timestamptz not null,
  principal         text,
  idempotency_key   text,
  body_hash         text,
  constraint webhooks_old_secret check (num_nulls(old_secret_sealed, old_secret_until) in (0, 2)),
  constraint webhooks_partner check (num_nulls(partner, partner_key) in (0, 2)),
  constraint webhooks_owner check ((created_by is null) = (role is not null))
);
create unique index webhooks_role on integrations.webhooks (role);
create unique index webhooks_key on integrations.webhooks (principal, idempotency_key) where idempotency_key is not null;
create index webhooks_created_by on integrations.webhooks (created_by, id);
create trigger states before update on integrations.webhooks for each row when (old.state <> new.state)
  execute function kernel.keep_states('active>paused', 'paused>active', 'disabled>active', 'active>disabled', 'active>deleted', 'paused>deleted', 'disabled>deleted', 'deleted>active');
create trigger states_end before delete on integrations.webhooks for each row execute function kernel.keep_states('deleted>');

-- An event on its way to a webhook. Without an outcome it is on its way. The answer is that of the last attempt, sealed.
create table integrations.deliveries (
  id            uuid primary key default gen_random_uuid(),
  webhook_id    uuid not null references integrations.webhooks (id),
  event_seq     bigint not null,
  event_id      uuid not null,
  type          text not null,
  subject       text not null,
  outcome       text check (outcome in ('delivered', 'failed', 'skipped')),
  attempts      int not null default 0,
  next_at       timestamptz not null,
  attempted_at  timestamptz,
  took_ms       int,
  status        int,
  failure       text check (length(failure) <= 500),
  answer_sealed text,
  created_at    timestamptz not null,
  unique (webhook_id, event_seq)
);
create index deliveries_due on integrations.deliveries (webhook_id, next_at, event_seq) where outcome is null;
create index deliveries_order on integrations.deliveries (webhook_id, subject, event_seq) where outcome is null;
create index deliveries_outcome on integrations.deliveries (webhook_id, outcome, event_seq);
create index deliveries_subject on integrations.deliveries (subject, event_seq);
create index deliveries_event on integrations.deliveries (event_seq);
