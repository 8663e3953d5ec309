import type { Logger } from 'pino';
import type { Errors } from '#adapters/errors/port.ts';
import type { QueueEngine } from '#adapters/queue/port.ts';
import type { Signals } from '#adapters/signals/port.ts';
import type { Tracing } from '#adapters/tracing/port.ts';
import type { Clock } from './clock.ts';
import type { DatabasePool } from './database.ts';
import { openEventLog } from './event-log.ts';
import type { Metrics } from './metrics.ts';
import { addSubscriptions, oldestUnsent } from './outbox.ts';
import { filtersOf, localQueues, policiesOf, subscriptionsOf } from './queues.ts';
import { openRelay } from './relay.ts';
import type { Runtime } from './runtime.ts';
import { openTimers } from './timers.ts';
import { openWorkers, type Workers } from './workers.ts';

/**
 * Work behind the requests: the relay moves outbox rows to the queues, workers act on them, timers sweep.
 * A queue per job kind and per subscription, so that one that fails holds up no other.
 */
export interface Work {
  /** Makes the queues that are not there yet, and notes what this code subscribes to. */
  prepare(): Promise<void>;
  start(): Promise<void>;
  /** Finishes what is in hand, then rests. */
  stop(): Promise<void>;
  /** Says that the outbox has something new. */
  nudge(): void;
  deliver: Workers['deliver'];
  wake: Workers['wake'];
  /** Works until nothing is due: for tests, and for shapes without a long-running worker. */
  drain(): Promise<void>;
  /** One turn of every timer. */
  sweep(): Promise<void>;
  /** The queues that this process works on. */
  readonly queues: readonly string[];
  /** Age of the oldest outbox row that is due. */
  oldestSeconds(): Promise<number>;
}

/** Work that is in hand at a stop gets this long to end; after it, it is done again elsewhere. */
const STOP_MS = 5000;

export interface WorkParts {
  runtime: Runtime;
  engine: QueueEngine;
  signals: Signals;
  /** Connections of background work: it never waits behind requests. */
  pool: DatabasePool;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  tracing: Tracing;
  errors: Errors;
  /** Seconds before a first retry; later ones back off from it. */
  retryDelaySeconds: number;
}

export function openWork(parts: WorkParts): Work {
  const { runtime, engine, clock } = parts;
  const db = parts.pool.handle('kernel');
  const queues = localQueues(runtime, clock, parts.tracing);
  const workers = openWorkers({ ...parts, queues });
  const eventLog = openEventLog(parts);
  const policies = policiesOf(runtime);
  const filters = filtersOf(runtime);
  const relay = openRelay({
    ...parts,
    db,
    batchOf: (queue) => policies.get(queue)?.batch,
    filterOf: (queue) => filters.get(queue),
    filled: workers.wake,
    moved: () => eventLog?.nudge(),
  });
  const timers = openTimers({ ...parts, db });

  return {
    queues: queues.map(({ name }) => name),
    nudge: relay.nudge,
    deliver: workers.deliver,
    wake: workers.wake,
    async prepare() {
      await engine.start();
      const { retryDelaySeconds } = parts;
      await engine.declare(new Map([...policies].map(([name, policy]) => [name, { ...policy, retryDelaySeconds }])));
      await db.execute(addSubscriptions(subscriptionsOf(runtime)));
      await timers.prepare();
    },
    async start() {
      const alone = (await parts.signals.listeners()) === 1;
      if (alone) await engine.takeOver(); // the messages of a killed process; beside other processes, its missing sign of life shows that it is gone
      workers.start();
      await timers.start(alone);
      relay.start();
      eventLog?.start();
    },
    async stop() {
      const ended = Promise.all([relay.stop(), eventLog?.stop(), workers.stop(), timers.stop()]);
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())]);
      await engine.stop();
    },
    async drain() {
      for (let worked = 1; worked > 0; ) worked = (await relay.turn()) + ((await eventLog?.turn()) ?? 0) + (await workers.drain());
    },
    sweep: timers.sweep,
    oldestSeconds: async () => (await db.one<{ seconds: number }>(oldestUnsent(clock.now()))).seconds,
  };
}
