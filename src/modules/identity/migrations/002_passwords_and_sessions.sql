-- A code proves an email, or that somebody who forgot the password reads the account's mail: one of each may be alive.
alter table identity.codes add column purpose text not null default 'email' check (purpose in ('email', 'password'));
alter table identity.codes alter column purpose drop default;
alter table identity.codes drop constraint codes_pkey;
alter table identity.codes add primary key (account_id, purpose);

-- The sessions of an account are listed newest first.
drop index identity.sessions_by_account;
create index sessions_by_account on identity.sessions (account_id, id) where ended_at is null;

-- Tries at the password of a name, whoever makes them and whether anybody bears it. `name` is a keyed hash.
create table identity.attempts (
  name     text primary key,
  failures int not null check (failures > 0),
  began_at timestamptz not null
);
create index attempts_age on identity.attempts (began_at);

-- Why somebody was shut out; for staff.
alter table identity.accounts add column suspension_reason text
  constraint accounts_suspension check (suspension_reason is null or state = 'suspended');
