-- Orders whose shipments nobody has told of: those placed before there were shipments, and those whose job was lost.
create index orders_without_shipments on orders.orders (decided_at) where state = 'placed' and version = 0;
