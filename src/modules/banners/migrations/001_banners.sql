-- Pictures with a link that a shop shows in some place, for some time. A banner without an image is not shown.
create table banners.banners (
  id              uuid primary key,
  placement       text not null check (placement ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  link            text check (length(link) <= 2000),
  alt             text not null check (length(alt) <= 300),
  image           jsonb,
  starts_at       timestamptz,
  ends_at         timestamptz,
  position        int not null,
  version         int not null default 1,
  -- The upload that it was announced with: if that never comes, the banner goes.
  announced_with  uuid,
  principal       text,
  idempotency_key text,
  body_hash       text,
  constraint banners_key unique (principal, idempotency_key),
  constraint banners_schedule check (starts_at < ends_at)
);
create index banners_order on banners.banners (position, id);
create index banners_placement on banners.banners (placement, position, id);
create index banners_announced on banners.banners (announced_with) where announced_with is not null;
