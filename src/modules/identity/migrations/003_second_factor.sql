-- Whether an account has a second factor stands in its row, beside rev: who reads one reads the other as of the same commit.
alter table identity.accounts add column has_second_factor boolean not null default false;

-- The secret that an authenticator app shares with us, sealed. It counts once a first code has confirmed it.
-- last_step is the newest time step whose code was taken: it and all before it are spent.
create table identity.second_factors (
  account_id    uuid primary key references identity.accounts on delete cascade,
  secret_sealed text not null,
  last_step     bigint not null default 0,
  created_at    timestamptz not null,
  confirmed_at  timestamptz
);
create index second_factors_begun on identity.second_factors (created_at) where confirmed_at is null;

-- For whoever has lost the app: each is good once. Keyed hashes.
create table identity.recovery_codes (
  account_id  uuid not null references identity.second_factors on delete cascade,
  fingerprint text not null,
  used_at     timestamptz,
  primary key (account_id, fingerprint)
);
