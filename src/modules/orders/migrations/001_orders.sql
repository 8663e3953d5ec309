-- An order is written first and is the memory of the rest: stock and money move under its id.
create table orders.orders (
  id              uuid primary key,
  buyer           uuid not null,
  placed_by       uuid not null,
  state           text not null check (state in ('placing', 'placed', 'rejected')),
  payment         text not null check (payment in ('wallet', 'cash_on_delivery')),
  currency        text not null,
  total           bigint not null check (total >= 0),
  shares          jsonb not null,
  address_sealed  text,
  refusal         jsonb,
  lease_until     timestamptz not null,
  principal       text,
  idempotency_key text,
  body_hash       text,
  created_at      timestamptz not null,
  decided_at      timestamptz,
  check ((state = 'placing') = (decided_at is null)),
  check ((state = 'rejected') = (refusal is not null))
);
create unique index orders_once on orders.orders (principal, idempotency_key) where idempotency_key is not null;
create index orders_by_buyer on orders.orders (buyer, id desc);
create index orders_placing on orders.orders (lease_until) where state = 'placing';

-- What was bought, as it was then: name and price are copies.
create table orders.lines (
  order_id   uuid not null references orders.orders,
  line       int not null,
  product_id uuid not null,
  variant_id uuid not null,
  seller_id  uuid not null,
  name       text not null,
  options    jsonb not null,
  quantity   int not null check (quantity > 0),
  unit_price bigint not null check (unit_price >= 0),
  primary key (order_id, line)
);

create function orders.keep_decision() returns trigger language plpgsql as $$
begin
  if old.state <> 'placing' and new.state <> old.state then
    raise exception 'an order that is % stays so', old.state using constraint = 'order_decided_once', errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger keep_decision before update on orders.orders for each row execute function orders.keep_decision();
