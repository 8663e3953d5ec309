import { sql } from '#kernel/database.ts';
import { countsOf, type Explained, type Which } from '#kernel/explain.ts';
import type { Inventory } from './context.ts';
import type { ReservationState } from './reservation-state.ts';

interface Units {
  variant_ids: string[];
  quantities: number[];
}

/** What was taken from the stock under the order's id, and what came back. */
export async function explainOrder({ db }: Inventory, { id }: Which): Promise<Explained[]> {
  const claimed = await db.maybe<Units & { state: ReservationState; created_at: Date; ended_at: Date | null }>(
    sql`select state, variant_ids, quantities, created_at, ended_at from inventory.reservations where key = ${id}`,
  );
  const back = await db.many<Units & { reason: string; at: Date }>(
    sql`select variant_ids, quantities, reason, at from inventory.put_backs where reservation = ${id} order by at limit 1000`,
  );
  return [
    ...(claimed && claimed.variant_ids.length > 0 ? [told(claimed.created_at, `taken: ${countsIn(claimed)}`)] : []),
    ...(claimed?.ended_at
      ? [told(claimed.ended_at, `${claimed.state}${claimed.variant_ids.length > 0 ? '' : ' before it was taken'}`)]
      : []),
    ...back.map((one) => told(one.at, `put back, ${one.reason}: ${countsIn(one)}`)),
  ];
}

const told = (at: Date, text: string): Explained => ({ at: at.toISOString(), kind: 'stock', text });

const countsIn = ({ variant_ids, quantities }: Units): string =>
  countsOf(variant_ids.map((variantId, index) => ({ variantId, quantity: Number(quantities[index]) })));
