-- Accounts that are about to be erased, or are: no order of theirs, or of their goods, is placed any more.
create table orders.closed_accounts (
  account_id uuid primary key,
  at         timestamptz not null
);
create index orders_placing_buyer on orders.orders (buyer) where state = 'placing';
create index orders_addressed on orders.orders (buyer) where address_sealed is not null;

-- A rejected order whose money and stock have not gone back yet.
alter table orders.orders add column gives_back boolean not null default false;
create index orders_giving_back on orders.orders (buyer) where gives_back;
