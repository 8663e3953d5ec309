import type { Orders } from './context.ts';
import { markGivenBack } from './order.ts';

/** Gives back what a rejected order may have taken. Both keys are closed by it: what comes late under them is refused. */
export async function giveBack(ctx: Orders, { orderId }: { orderId: string }): Promise<void> {
  await ctx.inventory.release({ key: orderId });
  await ctx.wallet.cancelPayment({ key: orderId });
  await markGivenBack(ctx.db, orderId);
}
