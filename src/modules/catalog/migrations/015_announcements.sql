-- Calls with a key that announced an image of a category, by the id of the upload: the same key with another body is refused. A row goes when its image
-- is refused or discarded.
create table catalog.announcements (
  id        uuid primary key,
  body_hash text not null
);
