-- Where an order was placed, if not by the shop's own API: messages about it use the words of that place.
alter table orders.orders add column channel text;
