-- Private files: stored encrypted with a key of their own, which is stored here, encrypted itself. They are no images that everybody may see.
alter table media.uploads
  add column is_private boolean not null default false,
  add column file_key_sealed text,
  -- A keyed hash of the file that came, by which another one at the same address is told apart.
  add column arrived_hash text,
  -- How often an address was asked in vain.
  add column fetch_failures int not null default 0,
  drop constraint uploads_image,
  drop constraint uploads_let_go,
  add constraint uploads_stored check (state not in ('ready', 'attached') or num_nonnulls(image_hash, file_key_sealed) = 1),
  add constraint uploads_let_go check (state not in ('awaiting_upload', 'refused', 'removed') or num_nonnulls(image_hash, file_key_sealed) = 0),
  add constraint uploads_private check (case when is_private then image_hash is null and source_url is null else file_key_sealed is null end);
create index uploads_sealed on media.uploads (id) where file_key_sealed is not null;
alter table media.walk add column private_after text not null default '';
