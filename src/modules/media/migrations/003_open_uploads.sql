-- Some senders know only the address of an upload, and say nothing of the size of their file beforehand.
alter table media.uploads drop constraint uploads_origin;
alter table media.uploads add constraint uploads_origin
  check (num_nulls(file_name, content_type) = case when source_url is null then 0 else 2 end and (source_url is null or size_bytes is null));
