import type { Done } from '#inventory';
import type { Inventory } from './context.ts';
import { announceLevels, type Freshness, openLevels } from './level.ts';

/** Opens the stock of variants. Those that have a stock already do not change. */
export function openStock(ctx: Inventory, { variants }: { variants: { variantId: string; onHand: number }[] }): Promise<Done> {
  return ctx.db.transaction(async (tx) => {
    const { fresh } = await tx.one<{ fresh: Freshness[] }>(openLevels(variants, ctx.clock.now()));
    announceLevels(tx, undefined, fresh);
    return {};
  });
}
