-- Calls with a key that announced an image, by the id of the upload: the same key with another body is refused. A row goes when its image
-- is refused or discarded.
create table profiles.announcements (
  id        uuid primary key,
  body_hash text not null
);

-- Rises whenever another picture, or none, is shown.
alter table profiles.pictures add column version int not null default 0;
