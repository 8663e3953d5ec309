import { inBatches } from '#kernel/batches.ts';
import { type Sql, sql } from '#kernel/database.ts';
import type { Integrations } from './context.ts';

const AT_ONCE = 5000;
const BATCHES_OF_A_TURN = 40;

/** Drops events whose time is over, their deliveries first, and webhooks that were deleted. What is left over is for the next turn. */
export async function forgetOld(ctx: Integrations): Promise<void> {
  const before = new Date(ctx.clock.now().getTime() - ctx.settings.storedMs);
  const first = await ctx.db.maybe<{ seq: number }>(oldestStored(before));
  const floor =
    first?.seq ?? (await ctx.db.one<{ seq: number }>(sql`select coalesce(max(seq), 0) + 1 as seq from integrations.events`)).seq;
  const drop = (statement: (limit: number) => ReturnType<typeof sql>) =>
    inBatches(AT_ONCE, (size) => ctx.db.execute(statement(size)), BATCHES_OF_A_TURN);
  await drop(
    (limit) => sql`
    delete from integrations.deliveries where id in (
      select id from integrations.deliveries where event_seq < ${floor} order by event_seq limit ${limit})`,
  );
  await drop(
    (limit) => sql`
    delete from integrations.events where seq in (
      select e.seq from integrations.events e where e.seq < ${floor}
        and not exists (select from integrations.deliveries d where d.event_seq = e.seq) order by e.seq limit ${limit})`,
  );
  await drop(
    (limit) => sql`
    delete from integrations.deliveries where id in (
      select d.id from integrations.webhooks w join integrations.deliveries d on d.webhook_id = w.id where w.state = 'deleted' limit ${limit})`,
  );
  await ctx.db.execute(sql`
    delete from integrations.webhooks w where w.state = 'deleted' and not exists (select from integrations.deliveries d where d.webhook_id = w.id)`);
}

/** The first event that is not older. It is among the first rows: those before it are dropped, every time. */
export const oldestStored = (before: Date): Sql =>
  sql`select seq from integrations.events where stored_at >= ${before} order by seq limit 1`;
