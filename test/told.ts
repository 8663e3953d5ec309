/**
 * What was ever announced or asked for, for tests: rows leave the outbox when they are sent, so a copy of each is kept here, in
 * the order in which they came.
 */
export const WATCH_OUTBOX = `
  insert into kernel.subscriptions (event, queue) values ('*', 'told') on conflict do nothing;
  create schema if not exists told;
  create table if not exists told.outbox (like kernel.outbox, primary key (id));
  create or replace function told.note() returns trigger language plpgsql security definer as
    $$ begin insert into told.outbox select new.* on conflict do nothing; return null; end $$;
  create or replace trigger told after insert on kernel.outbox for each row execute function told.note()`;

/** Sends again what was told under these names, as a queue that delivers twice would. */
export const TELL_AGAIN = `
  insert into kernel.outbox (id, kind, name, subject, payload, created_at, request_id, actor_id, trace)
  select id, kind, name, subject, payload, created_at, request_id, actor_id, trace from told.outbox where name = any($1) order by seq`;
