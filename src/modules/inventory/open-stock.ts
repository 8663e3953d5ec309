import { type Done, levelsChanged } from '#inventory';
import { emit } from '#kernel/events.ts';
import type { Inventory } from './context.ts';
import { type Freshness, openLevels } from './level.ts';

/** Opens the stock of variants. Those that have a stock already do not change. */
export function openStock(ctx: Inventory, { variants }: { variants: { variantId: string; onHand: number }[] }): Promise<Done> {
  return ctx.db.transaction(async (tx) => {
    const { fresh } = await tx.one<{ fresh: Freshness[] }>(openLevels(variants, ctx.clock.now()));
    if (fresh.length > 0) emit(tx, levelsChanged, fresh[0]!.variantId, { levels: fresh });
    return {};
  });
}
