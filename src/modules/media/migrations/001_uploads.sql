-- Images by the hash of what was uploaded. Uploads of the same bytes share one. `stored_at` is null until all of its files are there.
-- While `removing_since` is set its files are being removed, and no upload may refer to it.
create table media.images (
  hash           text primary key check (hash ~ '^[A-Za-z0-9_-]{43}$'),
  width          int,
  height         int,
  widths         int[],
  stored_at      timestamptz,
  removing_since timestamptz,
  created_at     timestamptz not null,
  constraint images_whole check (num_nulls(width, height, widths, stored_at) in (0, 4))
);

-- A file that was announced, or that is to be fetched, and what became of it.
create table media.uploads (
  id           uuid primary key,
  key          uuid not null unique,
  owner_id     uuid not null,
  purpose      text not null,
  subject_id   uuid not null,
  file_name    text,
  content_type text,
  size_bytes   bigint check (size_bytes > 0),
  source_url   text,
  alt          text not null,
  state        text not null check (state in ('awaiting_upload', 'checking', 'ready', 'attached', 'refused', 'removed')),
  reason       text,
  image_hash   text references media.images (hash),
  expires_at   timestamptz not null,
  created_at   timestamptz not null,
  changed_at   timestamptz not null,
  constraint uploads_origin check (num_nulls(file_name, content_type, size_bytes) = case when source_url is null then 0 else 3 end),
  constraint uploads_reason check ((reason is not null) = (state = 'refused')),
  constraint uploads_image check (state not in ('ready', 'attached') or image_hash is not null),
  constraint uploads_let_go check (state not in ('awaiting_upload', 'refused', 'removed') or image_hash is null)
);
create index uploads_owner on media.uploads (owner_id, id);
create index uploads_image on media.uploads (image_hash) where image_hash is not null;
create index uploads_awaited on media.uploads (expires_at) where state = 'awaiting_upload';
create index uploads_ended on media.uploads (changed_at) where state in ('refused', 'removed');
create index images_removing on media.images (removing_since) where removing_since is not null;
create trigger states before update on media.uploads for each row when (old.state <> new.state)
  execute function kernel.keep_states('awaiting_upload>checking', 'checking>ready', 'ready>attached', 'awaiting_upload>refused', 'checking>refused',
    'awaiting_upload>removed', 'checking>removed', 'ready>removed', 'attached>removed');
create trigger states_end before delete on media.uploads for each row execute function kernel.keep_states('refused>', 'removed>');
