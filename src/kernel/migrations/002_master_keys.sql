-- The master keys that this database belongs to: a keyed hash of each, never the key. The one that makes indexes stays for ever.
create table kernel.master_keys (
  name          text primary key,
  fingerprint   text not null,
  makes_indexes boolean not null,
  since         timestamptz not null default now()
);
create unique index master_keys_one_makes_indexes on kernel.master_keys (makes_indexes) where makes_indexes;
