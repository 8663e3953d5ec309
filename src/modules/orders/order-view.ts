import { z } from 'zod';
import { PLATFORM_SELLER } from '#catalog';
import { partsOf } from '#kernel/batches.ts';
import { may } from '#kernel/context.ts';
import { Id } from '#kernel/shapes.ts';
import type { Order } from '#orders';
import type { Orders } from './context.ts';
import type { OrderRow, Refusal } from './order.ts';

/** Orders as the caller may see them. One question for the names of all, unless the caller is the only person in them. */
export async function shown(ctx: Orders, rows: readonly OrderRow[]): Promise<Order[]> {
  const names = await namesIn(ctx, rows);
  const isStaff = may(ctx.actor, 'orders:read');
  return rows.map((row) => orderView(row, names, isStaff));
}

export const shownOne = async (ctx: Orders, row: OrderRow): Promise<Order> => (await shown(ctx, [row]))[0]!;

const ASKED_AT_ONCE = 200;

/** What people are called today. Accounts that are erased have no name. */
async function namesIn(ctx: Orders, rows: readonly OrderRow[]): Promise<Map<string, string>> {
  const { actor } = ctx;
  const names = new Map<string, string>([[PLATFORM_SELLER.id, PLATFORM_SELLER.username]]);
  if (actor.kind === 'user') names.set(actor.id, actor.username);
  const ids = [...new Set(rows.flatMap(({ buyer, shipments }) => [buyer, ...shipments.map(({ sellerId }) => sellerId)]))].filter(
    (id) => !names.has(id),
  );
  for (const some of partsOf(ids, ASKED_AT_ONCE))
    for (const { id, username } of await ctx.identity.findAccounts({ ids: some })) names.set(id, username);
  return names;
}

/** The order as clients see it. Who took a step is told by kind; by id to staff alone. */
export function orderView(row: OrderRow, names: ReadonlyMap<string, string>, isStaff: boolean): Order {
  const money = (amount: number) => ({ amount, currency: row.currency });
  const by = (kind: Order['timeline'][number]['by']['kind'], id: string | null) => ({ kind, ...(isStaff && id !== null ? { id } : {}) });
  return {
    id: row.id,
    state: row.state,
    buyer: { id: row.buyer, username: names.get(row.buyer) ?? 'erased' },
    items: itemsOf(row),
    total: money(row.total),
    payment: row.payment,
    shipments: row.shipments.map(({ sellerId, refunded, ...shipment }) => {
      const username = names.get(sellerId);
      return { ...shipment, seller: { id: sellerId, ...(username === undefined ? {} : { username }) }, refunded: money(refunded) };
    }),
    timeline: [
      {
        state: 'placing' as const,
        at: row.created_at.toISOString(),
        by: by(row.placed_by === row.buyer ? 'buyer' : 'staff', row.placed_by),
        shipmentId: null,
      },
      ...(row.decided_at
        ? [
            {
              state: row.state === 'rejected' ? ('rejected' as const) : ('placed' as const),
              at: row.decided_at.toISOString(),
              by: by('system', null),
              shipmentId: null,
            },
          ]
        : []),
      ...row.steps.map((step) => ({
        state: step.reached,
        at: new Date(step.at).toISOString(),
        by: by(step.by_kind, step.by_id),
        shipmentId: step.shipment_id,
        ...(step.refund ? { refund: { amount: money(step.refund.amount), items: step.refund.items } } : {}),
      })),
    ],
    ...(row.refusal ? { rejection: rejectionOf(row.refusal) } : {}),
    createdAt: row.created_at.toISOString(),
  };
}

/** The reason without its other figures: what was in the wallet is not for all who may read orders. */
function rejectionOf({ code, extra }: Refusal): Order['rejection'] {
  const short = z.array(Id).safeParse(extra.variantIds);
  return { code, ...(short.success ? { variantIds: short.data } : {}) };
}

/** The lines. Refunded units of a variant that has several lines are those of the first lines. */
function itemsOf(row: OrderRow): Order['items'] {
  const money = (amount: number) => ({ amount, currency: row.currency });
  const refunded = new Map(row.refunded_items.map(({ variantId, quantity }) => [variantId, quantity]));
  return row.lines.map((line) => {
    const left = refunded.get(line.variant_id) ?? 0;
    const refundedQuantity = Math.min(left, line.quantity);
    refunded.set(line.variant_id, left - refundedQuantity);
    return {
      productId: line.product_id,
      variantId: line.variant_id,
      name: line.name,
      options: line.options,
      quantity: line.quantity,
      unitPrice: money(line.unit_price),
      total: money(line.unit_price * line.quantity),
      refundedQuantity,
    };
  });
}
