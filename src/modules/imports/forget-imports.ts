import { inBatches } from '#kernel/batches.ts';
import { days, minutes } from '#kernel/clock.ts';
import type { Imports } from './context.ts';
import { oldImports, staleImports } from './import.ts';
import { breakOff } from './start-import.ts';

const STORED_DAYS = 30;

/** Ends imports whose file broke off with the process that received it, and forgets old ones. */
export async function forgetImports(ctx: Imports): Promise<void> {
  const now = ctx.clock.now().getTime();
  for (const { id } of await ctx.db.many<{ id: string }>(staleImports(new Date(now - minutes(10)))))
    await breakOff(ctx, id, 'The file did not arrive as a whole.');
  await inBatches(10, (rows) => ctx.db.execute(oldImports(new Date(now - days(STORED_DAYS)), rows)), 10);
}
