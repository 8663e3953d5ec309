import type { Done } from '#inventory';
import { type Sql, sql } from '#kernel/database.ts';
import type { Inventory } from './context.ts';
import { announceLevels, type Freshness, freshOf } from './level.ts';
import { givingBack, type Line, summed } from './reservation.ts';

interface Return {
  key: string;
  of?: string | undefined;
  lines: Line[];
  reason: string;
}

/** Brings sold units back on hand, once per key: a repeated call changes nothing. A variant without stock throws, and nothing changes. */
export function putBack(ctx: Inventory, given: Return): Promise<Done> {
  return ctx.db.transaction(async (tx) => {
    const lines = summed(given.lines);
    const { noted, fresh } = await tx.one<{ noted: boolean; fresh: Freshness[] }>(putBackUnits({ ...given, lines, at: ctx.clock.now() }));
    if (noted && fresh.length < lines.length) throw new Error(`Of what ${given.key} puts back, a variant has no stock.`);
    announceLevels(tx, given.of ?? given.key, fresh);
    return {};
  });
}

/** One statement. Of two calls with one key only the one that wrote its row moves units; the levels are locked in the order of their ids. */
const putBackUnits = ({ key, of = undefined, lines, reason, at }: Return & { at: Date }): Sql => sql`
  with noted as (
    insert into inventory.put_backs (key, reservation, variant_ids, quantities, reason, at)
    values (${key}::uuid, ${of ?? null}::uuid, ${lines.map((line) => line.variantId)}::uuid[], ${lines.map((line) => line.quantity)}::bigint[],
            ${reason}::text, ${at}::timestamptz)
    on conflict (key) do nothing
    returning variant_ids, quantities
  ),
  ${givingBack(sql`select false, line.variant_id, line.quantity from noted, unnest(variant_ids, quantities) as line (variant_id, quantity)`)},
  moved as (
    insert into inventory.movements (id, variant_id, change, on_hand, reason, reservation, at)
    select gen_random_uuid(), variant_id, quantity, on_hand, ${reason}::text, ${of ?? null}::uuid, ${at}::timestamptz from changed
  )
  select exists (select from noted) as noted, ${freshOf(sql`changed`)} as fresh`;
