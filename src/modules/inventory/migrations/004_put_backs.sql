-- Sold units that came back, once for each key. `reservation` is the key that had sold them.
create table inventory.put_backs (
  key         uuid primary key,
  reservation uuid,
  variant_ids uuid[] not null,
  quantities  bigint[] not null,
  reason      text not null check (length(reason) between 1 and 500),
  at          timestamptz not null,
  constraint put_backs_lines_match check (cardinality(variant_ids) = cardinality(quantities))
);
create index put_backs_of on inventory.put_backs (reservation) where reservation is not null;

create trigger put_backs_stay before update or delete on inventory.put_backs for each row execute function inventory.refuse_rewriting();
create trigger put_backs_stay_all before truncate on inventory.put_backs for each statement execute function inventory.refuse_rewriting();
