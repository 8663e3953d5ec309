-- Until when one runner works on a pending charge. A process of an older release writes none: its charges may be resumed at once.
alter table wallet.charges add column lease_until timestamptz not null default now();
drop index wallet.charges_pending;
create index charges_pending on wallet.charges (lease_until) where state = 'pending';
