-- An order on its way. Its row is the lock of all that happens to its shipments: who changes one of them holds it.
-- Each change is a version. `finished_version` is the last one whose money, stock and order have followed; where that is behind, the process
-- that made the change has until `lease_until` to finish it.
create table fulfilment.orders (
  order_id         uuid primary key,
  buyer            uuid not null,
  payment          text not null check (payment in ('wallet', 'cash_on_delivery')),
  currency         text not null,
  version          bigint not null,
  finished_version bigint not null,
  lease_until      timestamptz,
  created_at       timestamptz not null,
  check (finished_version <= version),
  check ((finished_version < version) = (lease_until is not null))
);
create index orders_by_buyer on fulfilment.orders (buyer);
create index orders_unfinished on fulfilment.orders (lease_until) where lease_until is not null;

-- What one seller sends of an order. `warehouse` and `carrier` are the partners that it is sent to, by the folded names of their keys.
create table fulfilment.shipments (
  id                uuid primary key,
  order_id          uuid not null references fulfilment.orders,
  seller_id         uuid not null,
  state             text not null check (state in ('placed', 'packed', 'shipped', 'delivered', 'completed', 'cancelled', 'returned', 'refunded')),
  warehouse         text,
  carrier           text,
  packed_by_kind    text,
  shipped_by_kind   text,
  carrier_name      text,
  tracking          text,
  amount            bigint not null check (amount >= 0),
  refunded          bigint not null default 0,
  cash_amount       bigint,
  cash_commission   bigint,
  delivered_version bigint,
  delivered_at      timestamptz,
  complete_at       timestamptz,
  created_at        timestamptz not null,
  unique (order_id, seller_id),
  constraint money_not_exceeded check (refunded between 0 and amount),
  check ((delivered_at is null) = (state in ('placed', 'packed', 'shipped', 'cancelled')) or state = 'refunded'),
  check ((delivered_at is null) = (complete_at is null) and (delivered_at is null) = (delivered_version is null))
);
create index shipments_by_seller on fulfilment.shipments (seller_id, created_at desc, id desc);
create index shipments_by_warehouse on fulfilment.shipments (warehouse, created_at desc, id desc) where warehouse is not null;
create index shipments_by_carrier on fulfilment.shipments (carrier, created_at desc, id desc) where carrier is not null;
create index shipments_newest on fulfilment.shipments (created_at desc, id desc);
create index shipments_delivered on fulfilment.shipments (complete_at) where state = 'delivered';
create trigger states before update on fulfilment.shipments for each row when (old.state <> new.state)
  execute function kernel.keep_states('placed>packed', 'packed>shipped', 'packed>delivered', 'shipped>delivered', 'delivered>completed',
    'placed>cancelled', 'delivered>returned', 'completed>returned',
    'placed>refunded', 'packed>refunded', 'shipped>refunded', 'delivered>refunded', 'completed>refunded');

-- Its variants: copies of the order's lines. `commission` is this line's part of what the platform takes. Of the units, some are refunded (of
-- those, some were returned), and of some the return is asked for.
create table fulfilment.lines (
  shipment_id uuid not null references fulfilment.shipments,
  variant_id  uuid not null,
  line        int not null,
  product_id  uuid not null,
  name        text not null,
  options     jsonb not null,
  quantity    int not null check (quantity > 0),
  unit_price  bigint not null check (unit_price >= 0),
  commission  bigint not null check (commission >= 0),
  refunded    int not null default 0,
  returned    int not null default 0,
  requested   int not null default 0,
  primary key (shipment_id, variant_id),
  constraint units_not_exceeded
    check (refunded >= 0 and requested >= 0 and returned between 0 and refunded and refunded + requested <= quantity)
);

-- When a shipment reached a state, and by whom: `by_id` is an account, or the name of a partner.
create table fulfilment.steps (
  shipment_id uuid not null references fulfilment.shipments,
  reached     text not null,
  version     bigint not null,
  at          timestamptz not null,
  by_kind     text not null check (by_kind in ('buyer', 'seller', 'partner', 'staff', 'system')),
  by_id       text,
  note        text,
  primary key (shipment_id, reached)
);

-- What a buyer wants to send back. `lines` are variants and quantities.
create table fulfilment.returns (
  id              uuid primary key,
  order_id        uuid not null,
  shipment_id     uuid not null references fulfilment.shipments,
  buyer           uuid not null,
  state           text not null check (state in ('requested', 'accepted', 'refused')),
  lines           jsonb not null,
  reason          text,
  requested_at    timestamptz not null,
  decided_at      timestamptz,
  decided_by_kind text,
  decided_by      text,
  decision_reason text,
  principal       text,
  idempotency_key text,
  body_hash       text,
  check ((state = 'requested') = (decided_at is null))
);
create index returns_of_order on fulfilment.returns (order_id, id);
create index returns_of_buyer on fulfilment.returns (buyer, id desc);
create index returns_open on fulfilment.returns (shipment_id) where state = 'requested';
create unique index returns_once on fulfilment.returns (principal, idempotency_key) where idempotency_key is not null;
create trigger states before update on fulfilment.returns for each row when (old.state <> new.state)
  execute function kernel.keep_states('requested>accepted', 'requested>refused');

-- Units that were taken out of a sale: cancelled, returned or refunded by staff. Its id is the key of the money and of the stock.
-- `payment_key` is null where no money had moved: cash on delivery before it was delivered.
create table fulfilment.refunds (
  id              uuid primary key,
  order_id        uuid not null,
  shipment_id     uuid not null references fulfilment.shipments,
  cause           text not null check (cause in ('cancel', 'return', 'refund')),
  lines           jsonb not null,
  amount          bigint not null check (amount >= 0),
  commission      bigint not null check (commission between 0 and amount),
  payment_key     uuid,
  restock         boolean not null,
  reason          text,
  version         bigint not null,
  at              timestamptz not null,
  by_kind         text not null,
  by_id           text,
  principal       text,
  idempotency_key text,
  body_hash       text
);
create index refunds_of_order on fulfilment.refunds (order_id, version);
create unique index refunds_once on fulfilment.refunds (principal, idempotency_key) where idempotency_key is not null;
