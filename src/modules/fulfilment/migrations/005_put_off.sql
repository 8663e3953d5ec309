-- How often the completion of a shipment has failed: each time it is tried again later. Null is never.
alter table fulfilment.shipments add column complete_attempts int;
