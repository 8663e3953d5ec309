import { inBatches } from '#kernel/batches.ts';
import { forgetRequests } from './authorization-request.ts';
import type { Social } from './context.ts';
import { forgetTickets } from './ticket.ts';

const BATCH = 1000;
const BATCHES = 20;

/** Deletes what has expired. What one turn leaves, the next one deletes. */
export async function forgetExpired(ctx: Social): Promise<void> {
  for (const forget of [forgetRequests, forgetTickets]) await inBatches(BATCH, (size) => forget(ctx.db, ctx.clock.now(), size), BATCHES);
}
