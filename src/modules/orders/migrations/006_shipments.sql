-- An order follows its shipments (follow.ts): what it copies of them, and as of which version.
alter table orders.orders
  add column version bigint not null default 0,
  add column shipments jsonb not null default '[]',
  add column refunded_items jsonb not null default '[]',
  drop constraint orders_state_check,
  add constraint orders_state_check check (state in (
    'placing', 'rejected', 'placed', 'packed', 'shipped', 'delivered', 'completed', 'cancelled', 'returned', 'refunded'));

drop trigger states on orders.orders;
create trigger states before update on orders.orders for each row when (old.state <> new.state) execute function kernel.keep_states(
  'placing>placed', 'placing>rejected',
  'placed>packed',
  'placed>shipped', 'packed>shipped',
  'placed>delivered', 'packed>delivered', 'shipped>delivered',
  'placed>completed', 'packed>completed', 'shipped>completed', 'delivered>completed',
  'placed>cancelled',
  'placed>returned', 'packed>returned', 'shipped>returned', 'delivered>returned', 'completed>returned',
  'placed>refunded', 'packed>refunded', 'shipped>refunded', 'delivered>refunded', 'completed>refunded');

-- Who did what with an order, and when. `seq` keeps steps of one moment in the order in which they were told.
create table orders.steps (
  id          uuid primary key,
  seq         bigint generated always as identity,
  order_id    uuid not null references orders.orders,
  shipment_id uuid,
  reached     text not null check (reached in ('packed', 'shipped', 'delivered', 'completed', 'cancelled', 'returned', 'refunded')),
  at          timestamptz not null,
  by_kind     text not null check (by_kind in ('buyer', 'seller', 'partner', 'staff', 'system')),
  by_id       text,
  note        text
);
create index steps_of_order on orders.steps (order_id, at, seq);
