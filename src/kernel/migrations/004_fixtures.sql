-- Modules whose demo data are loaded. A database that is older than this table has them, or does not want them.
create table kernel.fixtures (
  module text primary key
);
insert into kernel.fixtures select unnest(array['wallet', 'catalog']) where to_regclass('identity.accounts') is not null;
