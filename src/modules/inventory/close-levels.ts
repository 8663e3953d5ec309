import type { Done } from '#inventory';
import { type Sql, sql } from '#kernel/database.ts';
import type { Inventory } from './context.ts';
import { announceLevels, type Freshness, freshOf } from './level.ts';

/** Writes off what is free of variants that are sold no more. What is reserved stays until its reservation ends. */
export function closeLevels(ctx: Inventory, { variantIds }: { variantIds: string[] }): Promise<Done> {
  return ctx.db.transaction(async (tx) => {
    const { fresh } = await tx.one<{ fresh: Freshness[] }>(writeOff(variantIds, ctx.clock.now()));
    announceLevels(tx, undefined, fresh);
    return {};
  });
}

const writeOff = (variantIds: readonly string[], at: Date): Sql => sql`
  with locked as materialized (
    select * from inventory.levels where variant_id = any(${variantIds}::uuid[]) and on_hand > reserved order by variant_id for no key update
  ),
  changed as (
    update inventory.levels level set on_hand = locked.reserved, version = locked.version + 1
    from locked where level.variant_id = locked.variant_id and locked.on_hand > locked.reserved
    returning level.variant_id, level.on_hand, level.reserved, level.version, locked.reserved - locked.on_hand as change
  ),
  moved as (
    insert into inventory.movements (id, variant_id, change, on_hand, reason, at)
    select gen_random_uuid(), variant_id, change, on_hand, 'variant removed', ${at}::timestamptz from changed
  )
  select ${freshOf(sql`changed`)} as fresh`;
