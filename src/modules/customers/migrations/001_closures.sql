-- An account on its way out, and how far it came: the memory of a deletion, which asks several modules.
create table customers.closures (
  account_id  uuid primary key,
  state       text not null check (state in ('closing', 'reopening', 'erasing', 'erased')),
  lease_until timestamptz not null,
  begun_at    timestamptz not null
);
create index closures_left on customers.closures (lease_until) where state <> 'erased';
