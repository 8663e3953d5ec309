-- Those who poll for shipments in a state ask for few rows among the many that are completed.
create index shipments_open_by_seller on fulfilment.shipments (seller_id, state, created_at desc, id desc) where state <> 'completed';
create index shipments_open_by_warehouse on fulfilment.shipments (warehouse, state, created_at desc, id desc)
  where state <> 'completed' and warehouse is not null;
create index shipments_open_by_carrier on fulfilment.shipments (carrier, state, created_at desc, id desc)
  where state <> 'completed' and carrier is not null;
create index shipments_open on fulfilment.shipments (state, created_at desc, id desc) where state <> 'completed';
