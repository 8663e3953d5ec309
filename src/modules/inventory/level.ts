import { type Level, levelsChanged, stockTopic } from '#inventory';
import { type Database, type Sql, sql, type Transaction } from '#kernel/database.ts';
import { changed, emit, emitLeft } from '#kernel/events.ts';
import { newId } from '#kernel/ids.ts';

/** What a reader of `levelsChanged` needs of a level. */
export interface Freshness {
  variantId: string;
  available: number;
  version: number;
}

/** Announces the levels that this transaction changed, if it did. Their stock is not told to other processes: there it is a second old at most. */
export function announceLevels(tx: Transaction, subject: string | undefined, levels: readonly Freshness[]): void {
  const [first] = levels;
  if (!first) return;
  emit(tx, levelsChanged, subject ?? first.variantId, { levels: [...levels] });
  changeStock(tx, levels);
}

/** The same for a statement that leaves the new levels (`leaving`): nothing waits for them. */
export function announceLeftLevels(tx: Transaction, subject: string, lines: readonly { variantId: string }[]): void {
  emitLeft(tx, levelsChanged, subject, 'levels');
  changeStock(tx, lines);
}

function changeStock(tx: Transaction, variants: readonly { variantId: string }[]): void {
  changed(
    tx,
    variants.map(({ variantId }) => stockTopic(variantId)),
    'here',
  );
}

/** Freshness of the levels that a statement changed, out of its common table expression `changed`. */
export const freshOf = (changed: Sql): Sql => sql`
  coalesce((select json_agg(json_build_object('variantId', variant_id, 'available', on_hand - reserved, 'version', version)) from ${changed}), '[]')`;

export const levelsOf = (variantIds: readonly string[]): Sql => sql`
  select variant_id as "variantId", on_hand as "onHand", reserved, on_hand - reserved as available, version
  from inventory.levels where variant_id = any(${variantIds}::uuid[])`;

export const readLevels = (db: Database, variantIds: readonly string[]): Promise<Level[]> => db.many<Level>(levelsOf(variantIds));

/** Levels of variants that have none yet, and the movement that explains each. What is there stays as it is. */
export const openLevels = (variants: readonly { variantId: string; onHand: number }[], at: Date): Sql => sql`
  with wanted as (
    select * from unnest(${variants.map((variant) => variant.variantId)}::uuid[], ${variants.map((variant) => variant.onHand)}::bigint[], ${variants.map(() => newId())}::uuid[])
                  as variant (variant_id, on_hand, movement_id)
  ),
  changed as (
    insert into inventory.levels (variant_id, on_hand) select variant_id, on_hand from wanted order by variant_id
    on conflict (variant_id) do nothing
    returning variant_id, on_hand, reserved, version
  ),
  moved as (
    insert into inventory.movements (id, variant_id, change, on_hand, reason, at)
    select distinct on (changed.variant_id) wanted.movement_id, changed.variant_id, changed.on_hand, changed.on_hand, 'opening stock', ${at}::timestamptz
    from changed join wanted using (variant_id, on_hand) where changed.on_hand > 0
  )
  select ${freshOf(sql`changed`)} as fresh`;
