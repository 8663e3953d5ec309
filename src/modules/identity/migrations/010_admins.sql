-- Whether another admin is active is asked at every change of one, and when an account is deleted: a handful of rows among all accounts.
create index accounts_admins on identity.accounts (id) where state = 'active' and 'admin' = any (roles);
