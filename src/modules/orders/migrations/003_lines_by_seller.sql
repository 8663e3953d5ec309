-- A seller who leaves is asked what of theirs is on its way.
create index lines_by_seller on orders.lines (seller_id, order_id);
