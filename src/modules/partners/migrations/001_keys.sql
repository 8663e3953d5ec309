-- The keys by which partners' systems call. Of a key only a keyed hash is kept, and its last four characters, so that people can tell two apart.
-- While it is alive it holds one of two slots of its partner: a third has no place to stand.
create table partners.keys (
  id              uuid primary key,
  name            text not null,
  name_key        text not null,
  slot            int check (slot in (1, 2)),
  scopes          text[] not null check (cardinality(scopes) > 0),
  key_hash        text not null,
  salt            text,
  last_four       text not null,
  created_by      uuid not null,
  created_at      timestamptz not null,
  expires_at      timestamptz,
  last_used_at    timestamptz,
  revoked_at      timestamptz,
  principal       text,
  idempotency_key text,
  body_hash       text,
  constraint keys_revoked check (revoked_at is null or (slot is null and salt is null))
);
create unique index keys_live on partners.keys (name_key, slot);
create unique index keys_key on partners.keys (principal, idempotency_key) where idempotency_key is not null;
create index keys_salted on partners.keys (created_at) where salt is not null;
