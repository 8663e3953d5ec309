import { MOST_ON_HAND, type Movement } from '#inventory';
import { type Sql, sql } from '#kernel/database.ts';

export interface MovementRow {
  id: string;
  variant_id: string;
  change: number;
  on_hand: number;
  reason: string;
  at: Date;
}

export const movementOf = (row: MovementRow): Movement => ({
  id: row.id,
  variantId: row.variant_id,
  change: row.change,
  onHand: row.on_hand,
  reason: row.reason,
  at: row.at.toISOString(),
});

export const movementWithId = (id: string): Sql => movementsWithIds([id]);
export const movementsWithIds = (ids: readonly string[]): Sql => sql`
  select id, variant_id, change, on_hand, reason, at from inventory.movements where id = any(${ids}::uuid[])`;

/** The newest of each variant first, then the newest of all: the index gives each variant's in order, so a page reads a page. */
export const historyOf = (variantIds: readonly string[], after: string | null, limit: number): Sql => sql`
  select movement.id, movement.variant_id, movement.change, movement.on_hand, movement.reason, movement.at
  from unnest(${variantIds}::uuid[]) as variant (id)
  cross join lateral (
    select * from inventory.movements
    where variant_id = variant.id and seq < coalesce((select seq from inventory.movements where id = ${after}::uuid), 9223372036854775807)
    order by seq desc limit ${limit}
  ) as movement
  order by movement.seq desc limit ${limit}`;

export interface StockChange {
  key: string;
  variantId: string;
  change: number;
  reason: string;
}

/** How a change of stock ended, as far as its statement could see. The movement is null where the change was not made now. */
export interface ChangeOutcome {
  key: string;
  id: string | null;
  variant_id: string;
  change: number;
  on_hand: number;
  reason: string;
  at: Date;
  available: number;
  version: number;
  /** What was free and on hand before. Null where no stock is kept of the variant, or the key is known. */
  free: number | null;
  before: number | null;
}

/**
 * Adds units of variants or removes free ones, each change once per key: the movement's id is the key. The movements are written before the
 * levels, so that of two calls with one key only the one that wrote the movement moves units. Levels are locked in the order of their ids.
 */
export const changeLevels = (changes: readonly StockChange[], at: Date): Sql => sql`
  with asked as materialized (
    select * from unnest(${changes.map(({ key }) => key)}::uuid[], ${changes.map(({ variantId }) => variantId)}::uuid[],
                         ${changes.map(({ change }) => change)}::bigint[], ${changes.map(({ reason }) => reason)}::text[])
      with ordinality as asked (key, variant_id, change, reason, place)
  ),
  known as materialized (select movement.id from asked join inventory.movements movement on movement.id = asked.key),
  locked as materialized (
    select level.variant_id, on_hand, reserved, version, key, change, reason from asked join inventory.levels level using (variant_id)
    where not exists (select from known where id = key)
    order by level.variant_id for no key update of level
  ),
  moved as (
    insert into inventory.movements (id, variant_id, change, on_hand, reason, at)
    select key, variant_id, change, on_hand + change, reason, ${at}::timestamptz
    from locked where on_hand + change >= reserved and (on_hand + change <= ${MOST_ON_HAND}::bigint or change < 0)
    on conflict (id) do nothing
    returning id, variant_id, change, on_hand, reason, at
  ),
  changed as (
    update inventory.levels level set on_hand = moved.on_hand, version = locked.version + 1
    from moved join locked using (variant_id) where level.variant_id = moved.variant_id
    returning level.variant_id, level.on_hand, level.reserved, level.version
  )
  select asked.key, moved.id, moved.variant_id, moved.change, moved.on_hand, moved.reason, moved.at,
         changed.on_hand - changed.reserved as available, changed.version,
         locked.on_hand - locked.reserved as free, locked.on_hand as before
  from asked left join locked using (variant_id) left join moved on moved.id = asked.key left join changed on changed.variant_id = moved.variant_id
  order by asked.place`;
