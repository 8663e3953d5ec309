-- A refund of some units is in the timeline too: `reached` is then the state that the shipment stays in.
alter table orders.steps
  add column refund jsonb,
  drop constraint steps_reached_check,
  add constraint steps_reached_check check (
    reached in ('packed', 'shipped', 'delivered', 'completed', 'cancelled', 'returned', 'refunded') or (reached = 'placed' and refund is not null)) not valid;

-- An order without shipments is handed out again later each time, so that those that always fail hold up no others.
alter table orders.orders
  add column open_attempts int not null default 0,
  add column open_after timestamptz;
drop index orders.orders_without_shipments;
create index orders_without_shipments on orders.orders (coalesce(open_after, decided_at)) where state = 'placed' and version = 0;
