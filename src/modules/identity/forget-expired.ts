import { inBatches } from '#kernel/batches.ts';
import { forgetUnconfirmed } from './account.ts';
import { forgetAttempts } from './attempts.ts';
import { forgetCodes } from './code.ts';
import type { Identity } from './context.ts';
import { forgetPendingEmails } from './pending-email.ts';
import { forgetPlaces } from './place.ts';
import { forgetRevocations } from './revocation.ts';
import { forgetBegun } from './second-factor.ts';
import { forgetSessions } from './session.ts';

const BATCH = 1000;
const BATCHES = 20;

/** Drops what has had its time. A turn that leaves something over is followed by the next. */
export async function forgetExpired(ctx: Identity): Promise<void> {
  for (const forget of [
    forgetCodes,
    forgetAttempts,
    forgetSessions,
    forgetPendingEmails,
    forgetPlaces,
    forgetRevocations,
    forgetBegun,
    forgetUnconfirmed,
  ])
    await inBatches(BATCH, (size) => forget(ctx.db, ctx.clock.now(), size), BATCHES);
}
