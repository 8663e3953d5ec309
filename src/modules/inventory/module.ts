import { inventory } from '#inventory';
import { seconds } from '#kernel/clock.ts';
import { timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { changeStock, changeStocks } from './change-stock.ts';
import { reserveStock, takeStock } from './claim-stock.ts';
import { closeLevels } from './close-levels.ts';
import { type Inventory, needs } from './context.ts';
import { confirmStock, expireStock, releaseStock } from './end-reservation.ts';
import { explainOrder } from './explain-order.ts';
import { readLevels } from './level.ts';
import { historyOf, type MovementRow, movementOf, movementWithId } from './movement.ts';
import { openStock } from './open-stock.ts';
import { putBack } from './put-back.ts';
import { reservationMachine } from './reservation-state.ts';

export const inventoryModule = module<typeof inventory, Inventory>({
  contract: inventory,
  needs,
  routes: [],
  operations: {
    levels: (ctx, { variantIds }) => readLevels(ctx.db, variantIds),
    open: openStock,
    change: changeStock,
    changeMany: changeStocks,
    movement: async (ctx, { id }) => {
      const row = await ctx.db.maybe<MovementRow>(movementWithId(id));
      return { movement: row ? movementOf(row) : null };
    },
    close: closeLevels,
    movements: async (ctx, { variantIds, after, limit }) =>
      (await ctx.db.many<MovementRow>(historyOf(variantIds, after, limit))).map(movementOf),
    take: takeStock,
    reserve: reserveStock,
    confirm: confirmStock,
    release: releaseStock,
    putBack,
  },
  explains: { order: explainOrder },
  timers: [timer('inventory.expire-reservations', seconds(10), expireStock)],
  machines: [reservationMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
