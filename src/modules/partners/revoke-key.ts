import { notFound } from '#kernel/problems.ts';
import type { Partners } from './context.ts';
import { endedHere, endKey, findById } from './key.ts';

/** Ends a key for good, with its next call, in every process. Once is as good as twice. */
export async function revokeKey(ctx: Partners, id: string): Promise<undefined> {
  await ctx.db.transaction(async (tx) => {
    if (!(await endKey(tx, id, ctx.clock.now())) && !(await findById(tx, id))) throw notFound();
  });
  endedHere();
}
