-- Some sign up where the address is the name that they sign in with. Until anybody proves the address, the account that was first is found
-- by it there, and mails about its own orders go to it. For everything else the address counts as unproven.
alter table identity.accounts add column claims_email boolean not null default false;
create unique index accounts_claimed_email on identity.accounts (email_index) where claims_email;
