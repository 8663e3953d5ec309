-- Uploads of subjects that show one image, which a later one may take the place of.
create index uploads_superseded on media.uploads (subject_id)
  where state in ('awaiting_upload', 'checking') and purpose in ('profile-picture', 'category-image', 'banner-image');
