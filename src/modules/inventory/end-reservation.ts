import { type Done, reservationEnded } from '#inventory';
import { inBatches, partsOf } from '#kernel/batches.ts';
import type { Inventory } from './context.ts';
import { announceLevels, type Freshness } from './level.ts';
import { confirmReservation, expireReservations, releaseReservation, stateOf } from './reservation.ts';
import type { ReservationState } from './reservation-state.ts';

/** Sells the reserved units. It is refused after the end of the reservation, even if the timer has not run yet. */
export function confirmStock(ctx: Inventory, { key }: { key: string }): Promise<Done> {
  return ctx.db.transaction(async (tx) => {
    const { confirmed } = await tx.one<{ confirmed: boolean }>(confirmReservation(key, ctx.clock.now()));
    if (confirmed) return {};
    const state = (await tx.maybe<{ state: ReservationState }>(stateOf(key)))?.state;
    if (state !== 'confirmed' && state !== 'taken') throw reservationEnded();
    return {};
  });
}

/** Returns all units that the key took or reserved; a repeated call changes nothing. Afterwards no claim with that key succeeds. */
export function releaseStock(ctx: Inventory, { key }: { key: string }): Promise<Done> {
  return ctx.db.transaction(async (tx) => {
    for (let attempt = 0; attempt < 3; attempt++) {
      const { done, fresh } = await tx.one<{ done: boolean; fresh: Freshness[] }>(releaseReservation(key, ctx.clock.now()));
      announceLevels(tx, key, fresh);
      if (done) return {};
    }
    throw new Error(`The reservation ${key} could be neither found nor marked as released.`);
  });
}

const BATCH = 200;

/** Returns the units of reservations whose time is over, batch by batch. */
export async function expireStock(ctx: Inventory): Promise<void> {
  await inBatches(BATCH, () =>
    ctx.db.transaction(async (tx) => {
      const batch = await tx.one<{ ended: number; fresh: Freshness[] }>(expireReservations(ctx.clock.now(), BATCH));
      for (const some of partsOf(batch.fresh, 1000)) announceLevels(tx, undefined, some);
      return batch.ended;
    }),
  );
}
