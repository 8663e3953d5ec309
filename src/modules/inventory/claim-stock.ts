import { type Done, outOfStock, reservationEnded } from '#inventory';
import { violates } from '#kernel/database.ts';
import type { Inventory } from './context.ts';
import { announceLeftLevels, announceLevels } from './level.ts';
import { type Claim, type ClaimOutcome, claimNewUnits, claimUnits, type Line, stateOf } from './reservation.ts';
import type { ReservationState } from './reservation-state.ts';

/** Sells units: all lines or none, once per key. A refusal changes nothing, so the same key may be tried again. */
export function takeStock(
  ctx: Inventory,
  { key, lines, isNew }: { key: string; lines: Line[]; isNew?: boolean | undefined },
): Promise<Done> {
  const claim = { key, lines, state: 'taken' as const, expiresAt: null };
  return isNew ? claimNew(ctx, claim) : claimStock(ctx, claim);
}

/** Reserves units until `expiresAt`: all lines or none, once per key. */
export const reserveStock = (ctx: Inventory, { key, lines, expiresAt }: { key: string; lines: Line[]; expiresAt: string }): Promise<Done> =>
  claimStock(ctx, { key, lines, state: 'reserved', expiresAt });

/** The key cannot have been used, so nothing depends on the answer. */
function claimNew(ctx: Inventory, claim: Omit<Claim, 'at'>): Promise<Done> {
  return ctx.db.transaction(async (tx) => {
    tx.send(claimNewUnits({ ...claim, at: ctx.clock.now() }), (error) =>
      violates(error, 'claim_whole') ? outOfStock({ variantIds: JSON.parse((error as { detail: string }).detail) }) : error,
    );
    announceLeftLevels(tx, claim.key, claim.lines);
    return {};
  });
}

/** One statement. A refusal costs a second one, because another call with the same key may have taken the units. */
function claimStock(ctx: Inventory, claim: Omit<Claim, 'at'>): Promise<Done> {
  return ctx.db.transaction(async (tx) => {
    const outcome = await tx.one<ClaimOutcome>(claimUnits({ ...claim, at: ctx.clock.now() }));
    if (outcome.claimed) {
      announceLevels(tx, claim.key, outcome.fresh);
      return {};
    }
    const state = outcome.known ?? (await tx.maybe<{ state: ReservationState }>(stateOf(claim.key)))?.state;
    if (state === undefined) throw outOfStock({ variantIds: outcome.lacking });
    if (state === 'released' || state === 'expired') throw reservationEnded();
    if ((state === 'taken') !== (claim.state === 'taken'))
      throw new Error(`The key ${claim.key} was ${state} before: take and reserve need keys of their own.`);
    return {};
  });
}
