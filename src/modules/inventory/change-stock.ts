import type { z } from 'zod';
import { type inventory, type Movement, stockBelowZero, tooMuchStock } from '#inventory';
import type { Transaction } from '#kernel/database.ts';
import type { Inventory } from './context.ts';
import { announceLevels } from './level.ts';
import {
  type ChangeOutcome,
  changeLevels,
  type MovementRow,
  movementOf,
  movementsWithIds,
  movementWithId,
  type StockChange,
} from './movement.ts';

type Outcomes = z.infer<typeof inventory.operations.changeMany.output>;

/** Adds units or removes free ones, with a reason, once per key. A repeated key gets the same answer. */
export function changeStock(ctx: Inventory, input: StockChange): Promise<{ movement: Movement; replayed: boolean }> {
  return ctx.db.transaction(async (tx) => {
    const [outcome] = (await change(ctx, tx, [input])) as [ChangeOutcome];
    if (isMade(outcome)) return { movement: movementOf(outcome), replayed: false };
    const before = await tx.maybe<MovementRow>(movementWithId(input.key));
    if (before) return { movement: movementOf(before), replayed: true };
    if (outcome.free === null) throw new Error(`No stock is kept of the variant ${input.variantId}.`);
    throw input.change > 0 ? tooMuchStock({ onHand: outcome.before ?? 0 }) : stockBelowZero({ available: outcome.free });
  });
}

/** Each change happens or is refused by itself. One statement, and one more where some did not happen: their keys may be known. */
export function changeStocks(ctx: Inventory, { changes }: { changes: StockChange[] }): Promise<Outcomes> {
  return ctx.db.transaction(async (tx) => {
    const outcomes = await change(ctx, tx, changes);
    const others = outcomes.filter((outcome) => !isMade(outcome)).map(({ key }) => key);
    const known = others.length === 0 ? [] : await tx.many<MovementRow>(movementsWithIds(others));
    const before = new Set(known.map(({ id }) => id));
    return outcomes.map((outcome, place) => {
      const { key, free } = outcome;
      if (isMade(outcome)) return { key, outcome: 'changed', free };
      if (before.has(key)) return { key, outcome: 'replayed', free };
      return { key, outcome: free === null ? 'unknown' : changes[place]!.change > 0 ? 'too-much' : 'below-zero', free };
    });
  });
}

const isMade = (outcome: ChangeOutcome): outcome is ChangeOutcome & { id: string } => outcome.id !== null;

async function change(ctx: Inventory, tx: Transaction, changes: readonly StockChange[]): Promise<ChangeOutcome[]> {
  const outcomes = await tx.many<ChangeOutcome>(changeLevels(changes, ctx.clock.now()));
  const made = outcomes.filter(isMade);
  announceLevels(
    tx,
    undefined,
    made.map(({ variant_id: variantId, available, version }) => ({ variantId, available, version })),
  );
  return outcomes;
}
