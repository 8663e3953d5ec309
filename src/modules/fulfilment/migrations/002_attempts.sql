-- How often what follows a change has failed: each time it is tried again later.
alter table fulfilment.orders add column attempts int not null default 0;
