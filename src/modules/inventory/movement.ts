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

export const movementWithId = (id: string): Sql => sql`
  select id, variant_id, change, on_hand, reason, at from inventory.movements where id = ${id}`;

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

/**
 * Adds units or removes free ones, once per key: the movement's id is the key. The movement is written before the
 * level, so that of two calls with one key only the one that wrote the movement moves units.
 */
export const changeLevel = (input: { key: string; variantId: string; change: number; reason: string; at: Date }): Sql => sql`
  with known as materialized (select 1 from inventory.movements where id = ${input.key}::uuid),
  locked as materialized (
    select variant_id, on_hand, reserved, version from inventory.levels
    where variant_id = ${input.variantId}::uuid and not exists (select from known)
    for no key update
  ),
  moved as (
    insert into inventory.movements (id, variant_id, change, on_hand, reason, at)
    select ${input.key}::uuid, variant_id, ${input.change}::bigint, on_hand + ${input.change}::bigint, ${input.reason}, ${input.at}::timestamptz
    from locked where on_hand + ${input.change}::bigint >= reserved and (on_hand + ${input.change}::bigint <= ${MOST_ON_HAND}::bigint or ${input.change}::bigint < 0)
    on conflict (id) do nothing
    returning id, variant_id, change, on_hand, reason, at
  ),
  changed as (
    update inventory.levels level set on_hand = moved.on_hand, version = locked.version + 1
    from moved, locked where level.variant_id = moved.variant_id
    returning level.variant_id, level.on_hand, level.reserved, level.version
  )
  select moved.id, moved.variant_id, moved.change, moved.on_hand, moved.reason, moved.at,
         changed.on_hand - changed.reserved as available, changed.version,
         locked.on_hand - locked.reserved as free, locked.on_hand as before
  from (select 1) as always
  left join locked on true left join moved on true left join changed on true`;
