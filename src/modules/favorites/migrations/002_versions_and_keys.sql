-- The version that If-Match asks for, and the call that added a favorite: it is answered the same when it is repeated.
alter table favorites.favorites
  add column version         int not null default 1,
  add column idempotency_key text,
  add column body_hash       text;
create unique index favorites_key on favorites.favorites (account_id, idempotency_key);
