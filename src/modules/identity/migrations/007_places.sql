-- From where an account was signed in to, as keyed hashes of networks: tries from there are counted apart from those of all others,
-- who so do not use up the owner's.
create table identity.places (
  account_id uuid not null references identity.accounts on delete cascade,
  place      text not null,
  used_at    timestamptz not null,
  primary key (account_id, place)
);
create index places_age on identity.places (used_at);

-- Attempts are counted in windows of several lengths.
alter table identity.attempts add column ends_at timestamptz not null default now() + interval '15 minutes';
drop index identity.attempts_age;
create index attempts_age on identity.attempts (ends_at);

-- Beside its six digits an email has a code that is too long to be guessed. Tries and sendings are counted in attempts, by place;
-- the columns tries and sendings are written by older processes only.
alter table identity.codes add column long_fingerprint text;
