-- Everybody who can sign in. Nothing personal stands in clear: email and details are sealed, a keyed blind index finds an email again.
-- Rows are never deleted once they have been active: an erased account keeps its username_index, so that the name is never given away again.
-- Roles and rev stand in the row itself, so that whoever reads one reads the other as of the same commit.
create table identity.accounts (
  id                 uuid primary key,
  username           text,
  username_index     text not null,
  password_hash      text,
  state              text not null check (state in ('unconfirmed', 'active', 'suspended', 'erased')),
  email_sealed       text,
  email_index        text,
  email_confirmed_at timestamptz,
  details_sealed     text,
  roles              text[] not null default '{}',
  rev                bigint not null default 0,
  version            int not null default 1,
  principal          text,
  idempotency_key    text,
  body_hash          text,
  created_at         timestamptz not null,
  constraint accounts_erased check ((state = 'erased') = (username is null)),
  constraint accounts_erased_is_empty check (state <> 'erased' or (password_hash is null and email_sealed is null and email_index is null and details_sealed is null)),
  constraint accounts_email_whole check ((email_sealed is null) = (email_index is null)),
  constraint accounts_email_confirmed check (email_confirmed_at is null or email_index is not null)
);
create unique index accounts_username on identity.accounts (username_index);
-- One owner per confirmed address. Unconfirmed ones may be many: whoever has only typed an address keeps nobody from proving it.
create unique index accounts_email on identity.accounts (email_index) where email_confirmed_at is not null;
create index accounts_email_pending on identity.accounts (email_index, created_at) where email_index is not null and email_confirmed_at is null;
create index accounts_unconfirmed on identity.accounts (created_at) where state = 'unconfirmed';
create unique index accounts_key on identity.accounts (principal, idempotency_key) where idempotency_key is not null;

-- The six digits that prove an address: a keyed hash, a few tries, a short life, and a limited number of sendings.
create table identity.codes (
  account_id  uuid primary key references identity.accounts on delete cascade,
  fingerprint text not null,
  tries       int not null default 0 check (tries between 0 and 5),
  sendings    int not null default 1,
  first_at    timestamptz not null,
  expires_at  timestamptz not null,
  used_at     timestamptz
);
create index codes_age on identity.codes (first_at);

-- A session is one sign-in and the family of refresh tokens that follow each other. Only the newest is kept, as a keyed hash;
-- older ones are known by their number (generation), which their own signature vouches for.
create table identity.sessions (
  id           uuid primary key,
  account_id   uuid not null references identity.accounts on delete cascade,
  generation   int not null default 1,
  refresh_hash text not null,
  created_at   timestamptz not null,
  refreshed_at timestamptz not null,
  expires_at   timestamptz not null,
  ended_at     timestamptz,
  ended_by     text check (ended_by in ('sign-out', 'reuse', 'suspension', 'password', 'erasure')),
  constraint sessions_ended check ((ended_at is null) = (ended_by is null))
);
create index sessions_by_account on identity.sessions (account_id) where ended_at is null;
create index sessions_age on identity.sessions (expires_at);

-- What ended before its access tokens ran out. seq follows the order of the commits (see revocation.ts), so that `seq > last` misses nothing.
create table identity.revocations (
  seq        bigint generated always as identity primary key,
  kind       text not null check (kind in ('session', 'account')),
  id         uuid not null,
  expires_at timestamptz not null
);
create index revocations_age on identity.revocations (expires_at);

-- ES256 keys, the private part sealed. One row per generation: processes that make the same one at once end up with one.
create table identity.signing_keys (
  generation     int primary key,
  kid            text not null unique,
  public_key     jsonb not null,
  private_sealed text not null,
  signs_from     timestamptz not null,
  created_at     timestamptz not null
);
