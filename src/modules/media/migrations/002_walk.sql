-- How far the walk over the stored files has come that looks for those of no image.
create table media.walk (
  one   boolean primary key default true check (one),
  after text not null
);
create index images_created on media.images (created_at);
