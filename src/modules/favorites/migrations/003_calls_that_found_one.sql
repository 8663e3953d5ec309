-- Calls with a key that found their favorite there: the same key with another body is refused. The newest of each favorite are remembered.
create table favorites.calls (
  account_id      uuid not null,
  idempotency_key text not null,
  body_hash       text not null,
  favorite_id     uuid not null references favorites.favorites on delete cascade,
  seq             bigint generated always as identity,
  primary key (account_id, idempotency_key)
);
create unique index calls_of_favorite on favorites.calls (favorite_id, seq);
