-- What a person reads and where their clock is; null where they have not said.
alter table identity.accounts add column language text check (language in ('en', 'fr', 'ar'));
alter table identity.accounts add column time_zone text check (length(time_zone) <= 64);
