-- Owners whose account is about to be erased, or is: nothing is charged for them any more.
create table wallet.closed_owners (
  owner    text primary key,
  at       timestamptz not null,
  for_good boolean not null default false
);
create index charges_pending_owner on wallet.charges (owner) where state = 'pending';
create index deductions_owner on wallet.deductions (owner);
