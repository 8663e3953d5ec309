import { notFound } from '#kernel/problems.ts';
import type { Partners } from './context.ts';
import { endedHere, endKey, findById } from './key.ts';

/** Ends a key permanently, from its next call on, in every process. A second call changes nothing. */
export async function revokeKey(ctx: Partners, id: string): Promise<undefined> {
  await ctx.db.transaction(async (tx) => {
    if (!(await endKey(tx, id, ctx.clock.now())) && !(await findById(tx, id))) throw notFound();
  });
  endedHere();
}
