-- What was told of an order, for `souk explain order`.
create index notifications_by_order on notifications.notifications ((values ->> 'order')) where values ->> 'order' is not null;
