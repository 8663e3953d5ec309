-- Where the order was placed, if not by the shop's own API: copied, so that events can say it.
alter table fulfilment.orders add column channel text;
