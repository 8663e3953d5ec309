-- What staff have asked to send again goes before what is due anyway.
alter table integrations.deliveries add column by_hand boolean not null default false;
create index deliveries_by_hand on integrations.deliveries (webhook_id, next_at, event_seq) where outcome is null and by_hand;
