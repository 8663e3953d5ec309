-- Whoever made keys takes along which.
create index keys_created_by on partners.keys (created_by, id);
