import type { Orders } from './context.ts';
import { markCompensated } from './order.ts';

/** Returns the stock and the money that a rejected order may have taken, and closes both keys: a late call with one of them is refused. */
export async function compensateOrder(ctx: Orders, { orderId }: { orderId: string }): Promise<void> {
  await ctx.inventory.release({ key: orderId });
  await ctx.wallet.cancelPayment({ key: orderId });
  await markCompensated(ctx.db, orderId);
}
