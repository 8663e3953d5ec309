import { sql } from '#kernel/database.ts';
import { countsOf, type Explained, type Which } from '#kernel/explain.ts';
import { formatMoney } from '#kernel/money.ts';
import type { RefundRow } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import { findOrder, type OrderRow, type ShipmentRow } from './order.ts';
import type { ReturnRow } from './return.ts';

/** The shipments of an order and to whom they are sent, what was asked back, what was taken out of the sale, and what has not followed yet. */
export async function explainOrder(ctx: FulfilmentContext, { id }: Which): Promise<Explained[]> {
  const order = await findOrder(ctx.db, id);
  if (!order) return [];
  const returns = await ctx.db.many<ReturnRow & { decided_by_kind: string | null; decided_by: string | null }>(
    sql`select * from fulfilment.returns where order_id = ${id} order by id limit 300`,
  );
  const refunds = await ctx.db.many<RefundRow>(sql`select * from fulfilment.refunds where order_id = ${id} order by version, id limit 300`);
  return [
    ...order.shipments.map(sent),
    ...returns.flatMap((row) => asked(row)),
    ...refunds.map((row) => refunded(order, row)),
    ...behind(order, ctx.clock.now()),
  ];
}

const sent = (shipment: ShipmentRow): Explained => ({
  at: new Date(shipment.created_at).toISOString(),
  kind: 'state',
  text: `shipment ${shipment.id} of ${shipment.seller_id}: ${shipment.state} now`,
  details: {
    lines: countsOf(shipment.lines.map(({ quantity, variant_id }) => ({ quantity, variantId: variant_id }))),
    warehouse: shipment.warehouse ?? 'the first partner that packs',
    carrier: shipment.carrier ?? 'the first partner that ships',
    ...(shipment.tracking ? { tracking: shipment.tracking } : {}),
  },
});

function asked(row: ReturnRow & { decided_by_kind: string | null; decided_by: string | null }): Explained[] {
  const begun = { at: row.requested_at.toISOString(), kind: 'state' as const, text: `return ${row.id} requested: ${countsOf(row.lines)}` };
  if (!row.decided_at) return [begun];
  const by = [row.decided_by_kind, row.decided_by].filter(Boolean).join(' ');
  return [begun, { at: row.decided_at.toISOString(), kind: 'state', text: `return ${row.id} ${row.state} by ${by}` }];
}

const refunded = ({ currency }: OrderRow, row: RefundRow): Explained => ({
  at: row.at.toISOString(),
  kind: 'state',
  text: `${countsOf(row.lines)} taken out of the sale by ${row.cause}, ${row.by_kind}${row.by_id === null ? '' : ` ${row.by_id}`}`,
  details: {
    refund: row.id,
    money: row.payment_key === null ? 'none had moved' : formatMoney({ amount: row.amount, currency }),
    commission: formatMoney({ amount: row.commission, currency }),
    stock: row.restock ? 'comes back' : 'does not come back',
  },
});

/** What other modules have not been told. */
const behind = ({ version, finished_version }: OrderRow, now: Date): Explained[] =>
  finished_version < version
    ? [
        {
          at: now.toISOString(),
          kind: 'job',
          text: `version ${version} of the shipments has not followed yet, only ${finished_version}: it is tried again`,
        },
      ]
    : [];
