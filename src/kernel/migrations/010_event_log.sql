-- Events that left the outbox, until the module that hears every event has taken them. A trigger writes them, in the transaction that
-- sends them, so that events which a process of an older version sends are here too. Rows of one database role appear in the order of
-- `seq`, since one relay of a role works at a time.
create table kernel.event_log (
  seq        bigint generated always as identity primary key,
  id         uuid not null,
  name       text not null,
  subject    text,
  payload    jsonb not null,
  created_at timestamptz not null,
  request_id text,
  actor_id   text,
  trace      text
);

create function kernel.log_events() returns trigger language plpgsql security definer set search_path = pg_catalog as $$
begin
  insert into kernel.event_log (id, name, subject, payload, created_at, request_id, actor_id, trace)
  select id, name, subject, payload, created_at, request_id, actor_id, trace from gone
  where kind = 'event' and sent_at is null and exists (select from kernel.subscriptions where event = '*' and queue like '%/*')
  order by seq;
  return null;
end $$;
create trigger log_events after delete on kernel.outbox
  referencing old table as gone for each statement execute function kernel.log_events();
