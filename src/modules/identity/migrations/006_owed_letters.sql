-- Letters to the owner of an account that are still to be sent, each with the address that was confirmed when its cause happened:
-- whoever takes an account over and gives it another email keeps nothing from its owner. A row goes when its letter is sent, or the
-- account is erased.
create table identity.owed_letters (
  id         uuid primary key,
  account_id uuid not null references identity.accounts on delete cascade,
  to_sealed  text not null,
  created_at timestamptz not null
);
create index owed_letters_by_account on identity.owed_letters (account_id);
create index owed_letters_age on identity.owed_letters (created_at);

-- Sessions also end when an operator takes a lost second factor away.
alter table identity.sessions drop constraint sessions_ended_by_check;
alter table identity.sessions add constraint sessions_ended_by_check
  check (ended_by in ('sign-out', 'reuse', 'suspension', 'password', 'erasure', 'lost-factor'));
