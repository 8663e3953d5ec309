-- What led to a row: the request, who made it, and its trace (W3C traceparent). Jobs that jobs ask for inherit it.
alter table kernel.outbox add column request_id text, add column actor_id text, add column trace text;

-- A row that was sent is deleted: that costs no index entry, where marking it cost two. Older processes still mark theirs.
drop index kernel.outbox_sent;

-- Which queues an event goes to. Rows are added by processes that start, and removed by an operator alone, so that a process
-- that does not know a subscription yet still delivers to it.
create table kernel.subscriptions (
  event    text not null,
  queue    text not null,
  added_at timestamptz not null default now(),
  primary key (event, queue)
);

-- When each timer is due, and until when the process that runs it holds it. One row a timer: turns cannot pile up.
create table kernel.timers (
  name       text primary key,
  due_at     timestamptz not null,
  held_by    uuid,
  held_until timestamptz
) with (fillfactor = 50);
