import type { QueueEngine } from '#adapters/queue/port.ts';
import { type Database, sql } from './database.ts';
import { subscriptionsOf } from './queues.ts';
import type { Runtime, Scope } from './runtime.ts';

/** Where an event goes to, as the database knows it. */
export interface NotedSubscription {
  event: string;
  queue: string;
  addedAt: Date;
  /** Whether this version subscribes. If no version does any more, nobody works on the queue. */
  isKnown: boolean;
  /** Events that wait in the outbox or in the queue. */
  undelivered: number;
}

/** The rows of `kernel.subscriptions`, for operators: processes add rows, and only an operator removes one. */
export interface Subscriptions {
  list(): Promise<NotedSubscription[]>;
  /** Stops the delivery to a queue and drops the events in it. @returns how many it dropped; undefined when there is no such subscription. */
  remove(queue: string, scope: Scope): Promise<number | undefined>;
}

export function openSubscriptions({ runtime, engine, db }: { runtime: Runtime; engine: QueueEngine; db: Database }): Subscriptions {
  return {
    async list() {
      const rows = await db.many<Omit<NotedSubscription, 'isKnown'>>(sql`
        select event, queue, added_at as "addedAt", case event
          when '*' then (select count(*) from kernel.event_log where queue like '%/*')
          else (select count(*) from kernel.outbox where name = event and sent_at is null) end as undelivered
        from kernel.subscriptions order by queue, event`);
      const known = new Set(subscriptionsOf(runtime).map(({ queue }) => queue));
      const waiting = await engine.waiting(rows.map(({ queue }) => queue));
      return rows.map((row) => ({
        ...row,
        isKnown: known.has(row.queue),
        undelivered: row.undelivered + (waiting.get(row.queue) ?? 0),
      }));
    },
    async remove(queue, scope) {
      const { removed, logged } = await runtime.context('kernel', scope).db.transaction(async (tx) => ({
        removed: await tx.execute(sql`delete from kernel.subscriptions where queue = ${queue}`),
        logged: queue.endsWith('/*') ? await tx.execute(sql`delete from kernel.event_log`) : 0,
      }));
      return removed === 0 ? undefined : logged + (await engine.remove(queue));
    },
  };
}
