-- Pieces of a variant: on hand, and how many of them are kept aside. Only this row says what can be sold.
-- Half of each page is left free, so that a level that changes often is rewritten in place (HOT).
create table inventory.levels (
  variant_id uuid primary key,
  on_hand    bigint not null,
  reserved   bigint not null default 0,
  version    bigint not null default 1,
  constraint levels_reserved_within_on_hand check (reserved between 0 and on_hand)
) with (fillfactor = 50);

-- Why pieces came and went. The sum of a variant's changes is what it has on hand.
-- `seq` is drawn while the level is locked, so it orders the history of a variant as it happened.
create table inventory.movements (
  id          uuid primary key,
  seq         bigint generated always as identity,
  variant_id  uuid not null references inventory.levels,
  change      bigint not null check (change <> 0),
  on_hand     bigint not null check (on_hand >= 0),
  reason      text not null check (length(reason) between 1 and 500),
  reservation uuid,
  at          timestamptz not null
);
create unique index movements_history on inventory.movements (variant_id, seq);

create function inventory.refuse_rewriting() returns trigger language plpgsql as $$
begin
  raise exception 'history is only ever added to: % on %.%', tg_op, tg_table_schema, tg_table_name;
end $$;
create trigger movements_stay before update or delete on inventory.movements for each row execute function inventory.refuse_rewriting();
create trigger movements_stay_all before truncate on inventory.movements for each statement execute function inventory.refuse_rewriting();

-- What each key took or keeps aside, and how it ended. A key that was released before it took anything lies here too, without lines.
create table inventory.reservations (
  key         uuid primary key,
  state       text not null check (state in ('taken', 'reserved', 'confirmed', 'released', 'expired')),
  variant_ids uuid[] not null,
  quantities  bigint[] not null,
  expires_at  timestamptz,
  created_at  timestamptz not null,
  ended_at    timestamptz,
  constraint reservations_lines_match check (cardinality(variant_ids) = cardinality(quantities)),
  constraint reservations_reserved_expire check (state <> 'reserved' or expires_at is not null)
);
create index reservations_due on inventory.reservations (expires_at) where state = 'reserved';

-- What has ended stays so, and no key ever changes what it took.
create trigger reservations_end_once before update on inventory.reservations for each row
  when (old.state in ('released', 'expired') or old.variant_ids is distinct from new.variant_ids or old.quantities is distinct from new.quantities)
  execute function inventory.refuse_rewriting();
create trigger reservations_stay before delete on inventory.reservations for each row execute function inventory.refuse_rewriting();
