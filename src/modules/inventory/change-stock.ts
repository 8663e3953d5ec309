import { type Movement, stockBelowZero, tooMuchStock } from '#inventory';
import type { Inventory } from './context.ts';
import { announceLevels } from './level.ts';
import { changeLevel, type MovementRow, movementOf, movementWithId } from './movement.ts';

interface Change {
  key: string;
  variantId: string;
  change: number;
  reason: string;
}

interface Outcome extends MovementRow {
  available: number;
  version: number;
  free: number | null;
  before: number | null;
}

/** Adds units or removes free ones, with a reason, once per key. A repeated key gets the same answer. */
export function changeStock(ctx: Inventory, input: Change): Promise<{ movement: Movement; replayed: boolean }> {
  return ctx.db.transaction(async (tx) => {
    const outcome = await tx.one<Outcome>(changeLevel({ ...input, at: ctx.clock.now() }));
    if (outcome.id !== null) {
      const { variant_id: variantId, available, version } = outcome;
      announceLevels(tx, variantId, [{ variantId, available, version }]);
      return { movement: movementOf(outcome), replayed: false };
    }
    const before = await tx.maybe<MovementRow>(movementWithId(input.key));
    if (before) return { movement: movementOf(before), replayed: true };
    if (outcome.free === null) throw new Error(`No stock is kept of the variant ${input.variantId}.`);
    throw input.change > 0 ? tooMuchStock({ onHand: outcome.before ?? 0 }) : stockBelowZero({ available: outcome.free });
  });
}
