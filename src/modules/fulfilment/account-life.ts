import { z } from 'zod';
import { type AccountLife, exporting, type Whose } from '#kernel/account-life.ts';
import { sql } from '#kernel/database.ts';
import { Id, Time } from '#kernel/shapes.ts';
import type { FulfilmentContext } from './context.ts';
import { Return, type ReturnRow, returnView } from './return.ts';
import { type ShipmentInOrder, shipmentsPage } from './shipment.ts';
import { partOf, timeOf } from './show-order.ts';

const SentRecord = z.object({
  id: Id,
  orderId: Id,
  state: z.string(),
  carrier: z.string().nullable(),
  tracking: z.string().nullable(),
  placedAt: Time,
  deliveredAt: Time.nullable(),
});

/** Orders that are on their way block the closure in the module of orders; here it is what buyer and seller have not agreed on yet. */
async function blockersOf(ctx: FulfilmentContext, { accountId }: Whose): Promise<string[]> {
  const { open } = await ctx.db.one<{ open: boolean }>(hasOpenReturns(accountId));
  return open ? ['returns'] : [];
}

export const hasOpenReturns = (accountId: string) => sql`
  select exists (select from fulfilment.returns where buyer = ${accountId} and state = 'requested')
      or exists (select from fulfilment.returns as r join fulfilment.shipments as s on s.id = r.shipment_id
                 where r.state = 'requested' and s.seller_id = ${accountId}) as open`;

export const shipmentsTo = (buyer: string) =>
  sql`select s.id from fulfilment.orders as o join fulfilment.shipments as s on s.order_id = o.order_id where o.buyer = ${buyer}`;

/** Drops what the buyer wrote, and what was written to the buyer. Ids and figures stay. */
async function forget(ctx: FulfilmentContext, { accountId }: Whose): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`update fulfilment.steps set note = null where note is not null and shipment_id in (${shipmentsTo(accountId)})`);
    await tx.execute(
      sql`update fulfilment.refunds set reason = null
      where reason is not null and order_id in (select order_id from fulfilment.orders where buyer = ${accountId})`,
    );
    await tx.execute(sql`update fulfilment.returns set reason = null, decision_reason = null where buyer = ${accountId}`);
  });
}

export const life: AccountLife<FulfilmentContext> = {
  blockers: blockersOf,
  forget,
  export: exporting(
    {
      shipments: z.array(SentRecord).meta({ description: 'What you have sent as a seller' }),
      returns: z.array(Return).meta({ description: 'What you wanted to send back' }),
    },
    async (ctx: FulfilmentContext, { accountId, limit }) => {
      const [sent, asked] = await Promise.all([
        ctx.db.many<ShipmentInOrder>(shipmentsPage({ reader: { seller: accountId }, state: undefined, after: null, rows: limit })),
        ctx.db.many<ReturnRow>(sql`select * from fulfilment.returns where buyer = ${accountId} order by id desc limit ${limit}`),
      ]);
      return { shipments: sent.map(sentRecord), returns: asked.map(returnView) };
    },
  ),
};

function sentRecord({ order_id, shipment }: ShipmentInOrder): z.infer<typeof SentRecord> {
  const { seller: _, ...rest } = partOf(shipment);
  return { ...rest, orderId: order_id, placedAt: timeOf(shipment.created_at) };
}
