-- The picture of an account's profile. Uploads up to `media_id` (ids go by time) are over: they were shown, replaced or removed.
create table profiles.pictures (
  account_id uuid primary key,
  media_id   uuid not null,
  image      jsonb,
  closing    boolean not null default false
);
