-- Who an account is to an outside provider. The subject is kept as a keyed blind index only; nothing of what the provider says stands here.
create table identity.links (
  provider      text not null check (provider in ('google', 'facebook') or provider like 'issuer:_%'),
  subject_index text not null,
  account_id    uuid not null references identity.accounts on delete cascade,
  created_at    timestamptz not null,
  primary key (provider, subject_index)
);
create index links_by_account on identity.links (account_id);
