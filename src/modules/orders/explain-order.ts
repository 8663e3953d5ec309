import { sql } from '#kernel/database.ts';
import type { Explained, Which } from '#kernel/explain.ts';
import { formatMoney } from '#kernel/money.ts';
import type { Orders } from './context.ts';
import { findOrder, type OrderRow, type StepRow } from './order.ts';

/** The states of an order, who brought it there, and what is still to be done. Refunds of units, the module of the shipments tells. */
export async function explainOrder(ctx: Orders, { id }: Which): Promise<Explained[]> {
  const row = await findOrder(ctx.db, id, null);
  if (!row) return [];
  const notes = await ctx.db.many<{ shipment_id: string | null; reached: string; note: string }>(
    sql`select shipment_id, reached, note from orders.steps where order_id = ${id} and note is not null`,
  );
  const noteOf = (step: StepRow) => notes.find((one) => one.shipment_id === step.shipment_id && one.reached === step.reached)?.note;
  return [placing(row), ...decided(row), ...row.steps.filter(({ refund }) => !refund).map((step) => taken(step, noteOf(step)))];
}

const placing = (row: OrderRow): Explained => ({
  at: row.created_at.toISOString(),
  kind: 'state',
  text:
    `placing: ${row.placed_by === row.buyer ? '' : `${row.placed_by} for `}${row.buyer}, ` +
    `${formatMoney({ amount: row.total, currency: row.currency })}, ${row.payment === 'wallet' ? 'by wallet' : 'cash on delivery'}` +
    (row.state === 'placing' ? `; not decided yet, its runner has until ${row.lease_until.toISOString()}` : ''),
  details: {
    lines: row.lines.map(({ quantity, name, variant_id, seller_id }) => `${quantity} × ${name} (${variant_id}) of ${seller_id}`),
    shares: row.shares.map(
      ({ payee, amount, commission }) =>
        `${payee} ${formatMoney({ amount, currency: row.currency })}, commission ${formatMoney({ amount: commission, currency: row.currency })}`,
    ),
  },
});

const decided = ({ state, decided_at, refusal }: OrderRow): Explained[] =>
  decided_at ? [{ at: decided_at.toISOString(), kind: 'state', text: state === 'rejected' ? `rejected: ${refusal?.code}` : 'placed' }] : [];

const taken = ({ reached, at, shipment_id, by_kind, by_id }: StepRow, note: string | undefined): Explained => ({
  at: new Date(at).toISOString(),
  kind: 'state',
  text: `${reached} by ${by_kind}${by_id === null ? '' : ` ${by_id}`}`,
  details: { ...(shipment_id === null ? {} : { shipment: shipment_id }), ...(note === undefined ? {} : { note }) },
});
