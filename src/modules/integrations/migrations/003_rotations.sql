-- The call, by its caller and its Idempotency-Key, that gave a webhook its current secret: repeated within the hour it shows the same one.
alter table integrations.webhooks add column rotated_by text;
