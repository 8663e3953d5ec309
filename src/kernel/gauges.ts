import type { Cache } from '#adapters/cache/port.ts';
import type { QueueEngine } from '#adapters/queue/port.ts';
import type { Signals } from '#adapters/signals/port.ts';
import type { Clock } from './clock.ts';
import { type Database, type DatabasePool, type Sql, sql } from './database.ts';
import type { GaugeReading } from './metrics.ts';
import type { Module } from './module.ts';
import type { Runtime } from './runtime.ts';
import { systemScope } from './runtime.ts';
import type { Work } from './work.ts';

/** A figure of a module that Prometheus reads: a name by the rules of Prometheus, and one small question to the database. */
export interface ModuleGauge<Ctx = never> {
  readonly name: string;
  readonly help: string;
  readonly read: (ctx: Ctx) => Promise<number>;
}

export interface GaugeParts {
  pool: DatabasePool;
  signals: Signals;
  cache: Cache;
  engine: QueueEngine;
  work: Pick<Work, 'oldestSeconds' | 'queues'>;
  runtime: Runtime;
}

/** Figures that are read when Prometheus asks. The parts are asked for then, since they are opened later. */
export const readingsOf = (parts: () => GaugeParts, modules: readonly Module[], local: ReadonlySet<string>): GaugeReading[] => [
  { name: 'souk_pool_waiting', help: 'Calls that wait for a database connection', read: () => parts().pool.waiting() },
  { name: 'souk_pool_connections', help: 'Open database connections', read: () => parts().pool.total() },
  { name: 'souk_outbox_oldest_seconds', help: 'Age of the oldest outbox row that is due', read: () => parts().work.oldestSeconds() },
  { name: 'souk_dead_letters', help: 'Work that failed at every attempt', read: () => parts().engine.deadLetters.count() },
  {
    name: 'souk_queue_waiting',
    help: 'Jobs and events that wait in the queues of this process',
    label: 'queue',
    read: async () => {
      const { engine, work } = parts();
      const waiting = await engine.waiting(work.queues);
      return new Map(work.queues.map((queue) => [queue, waiting.get(queue) ?? 0]));
    },
  },
  {
    name: 'souk_part_up',
    help: 'Whether a part beside the database answers',
    label: 'part',
    read: () => {
      const { signals, engine, cache } = parts();
      const up = { signals: signals.hearing(), queue: engine.state() === 'ok', cache: cache.state() === 'ok' };
      return new Map(Object.entries(up).map(([part, isUp]) => [part, isUp ? 1 : 0]));
    },
  },
  ...modules
    .filter(({ name }) => local.has(name))
    .flatMap(({ name: module, gauges }) =>
      gauges.map(({ name, help, read }) => ({
        name,
        help,
        read: () => read(parts().runtime.context(module, { ...systemScope, signal: AbortSignal.timeout(READING_MS) }) as never),
      })),
    ),
];

/** For a gauge: how long ago a moment was; 0 where there is none. @param at a scalar subquery without its parentheses, or an expression */
export const secondsSince = async ({ db, clock }: { db: Database; clock: Clock }, at: Sql): Promise<number> =>
  (
    await db.one<{ seconds: number }>(
      sql`select greatest(coalesce(extract(epoch from ${clock.now()}::timestamptz - (${at})), 0), 0)::float8 as seconds`,
    )
  ).seconds;

/** A question of a module may hold a connection of background work so long. */
const READING_MS = 2000;
