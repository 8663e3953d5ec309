-- Work that was given up, where the queues are a broker's: a broker cannot list what it holds.
create table kernel.dead_letters (
  id     uuid primary key,
  queue  text not null,
  rows   jsonb not null,
  reason text not null,
  tries  int not null check (tries >= 0),
  at     timestamptz not null default now()
);
create index dead_letters_newest on kernel.dead_letters (at desc, id desc);
