-- Products and people that an account wants to find again, each once; and what it wants to be told of a product.
create table favorites.favorites (
  id            uuid primary key,
  account_id    uuid not null,
  kind          text not null check (kind in ('product', 'user')),
  subject_id    uuid not null,
  back_in_stock boolean not null default false,
  price_fell    boolean not null default false,
  created_at    timestamptz not null,
  constraint favorites_once unique (account_id, kind, subject_id),
  constraint favorites_notices check (kind = 'product' or not (back_in_stock or price_fell))
);
create index favorites_newest on favorites.favorites (account_id, id);
create index favorites_newest_of_kind on favorites.favorites (account_id, kind, id);
-- Those who are told, in the order in which they are.
create index favorites_back_in_stock on favorites.favorites (subject_id, account_id) where back_in_stock;
create index favorites_price_fell on favorites.favorites (subject_id, account_id) where price_fell;
-- Those of a person who is erased.
create index favorites_of_user on favorites.favorites (subject_id) where kind = 'user';

-- Accounts that have favorites. Their row is locked while one is added, so that their number stays bounded.
create table favorites.people (
  account_id uuid primary key,
  closing    boolean not null default false
);
