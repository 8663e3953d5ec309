import { type Job, type JobResult, PgBoss } from 'pg-boss';
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import type { DatabasePool, Transaction } from './database.ts';
import type { Metrics } from './metrics.ts';
import { claimUnsent, type OutboxRow } from './outbox.ts';
import { localQueues, type Queue, queueNames, subscribersOf, timerQueue } from './queues.ts';
import { type Runtime, systemScope } from './runtime.ts';
import { LISTENER } from './signals.ts';

/**
 * Work behind the requests: the relay moves outbox rows to the queues of pg-boss, workers act on them, timers sweep.
 * A queue per job kind and per subscription, so that one that fails holds up no other.
 */
export interface Work {
  readonly boss: PgBoss;
  /** Makes the queues that are not there yet. */
  prepare(): Promise<void>;
  start(): Promise<void>;
  /** Finishes what is in hand, then rests. */
  stop(): Promise<void>;
  /** Says that the outbox has something new. */
  nudge(): void;
  /** Works until nothing is due: for tests, and for shapes without a long-running worker. */
  drain(): Promise<void>;
  /** One turn of every timer. */
  sweep(): Promise<void>;
}

export const DEAD_LETTERS = 'dead-letters';
const RELAY_BATCH = 500;
const ROWS_PER_JOB = 100;
const RELAY_PAUSE_MS = 25;
const RELAY_POLL_MS = 1000;
const WORK_QUEUE = {
  retryLimit: 8,
  expireInSeconds: 30,
  heartbeatSeconds: 10, // the work of a process that was killed is somebody else's after that
  deleteAfterSeconds: 600,
  retentionSeconds: 30 * 86_400,
  deadLetter: DEAD_LETTERS,
};
const SUPERVISION = { superviseIntervalSeconds: 5, monitorIntervalSeconds: 5, maintenanceIntervalSeconds: 60 };
const TIMER_QUEUE = { retryLimit: 0, expireInSeconds: 60, deleteAfterSeconds: 60 };

export interface WorkParts {
  runtime: Runtime;
  pool: DatabasePool;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Seconds before a first retry; later ones back off from it. */
  retryDelaySeconds: number;
}

export function openWork(parts: WorkParts): Work {
  const { runtime, pool, clock, log, metrics } = parts;
  const boss = new PgBoss({
    db: { executeSql: (text, values) => pool.raw(text, values) },
    schema: 'pgboss',
    schedule: false,
    ...SUPERVISION,
  });
  boss.on('error', (error) => log.error({ err: error }, 'the job queue reported an error'));
  const outbox = pool.handle('kernel');
  const queues = localQueues(runtime, clock);
  const subscribers = subscribersOf(runtime);
  const timers = runtime.modules
    .filter((module) => runtime.local.has(module.name))
    .flatMap((module) =>
      module.timers.map((timer) => ({ ...timer, turn: () => timer.run(runtime.context(module.name, systemScope) as never) })),
    );
  const workers = new Map<string, string>();
  const intervals: NodeJS.Timeout[] = [];
  let wake: (() => void) | undefined;
  let nudged = false;
  let running = false;
  let loop: Promise<void> = Promise.resolve();

  const insert = (queue: string, batches: OutboxRow[][], tx?: Transaction): Promise<unknown> => {
    const jobs = batches.map((rows) => ({ data: { rows } }));
    return boss.insert(queue, jobs, tx ? { db: { executeSql: (text, values) => tx.raw(text, values) } } : undefined);
  };

  const wakeWorker = (queue: string): void => {
    const worker = workers.get(queue);
    if (worker) boss.notifyWorker(worker);
  };

  /** Moves one batch out of the outbox and into the queues, in one transaction. */
  const relay = async (): Promise<number> => {
    const { moved, filled } = await outbox.transaction(async (tx) => {
      const rows = (await tx.many<OutboxRow>(claimUnsent(clock.now(), RELAY_BATCH))).sort((a, b) => a.seq - b.seq);
      const waiting = rowsByQueue(rows, subscribers);
      for (const [queue, its] of waiting) await insert(queue, chunks(its, queue), tx);
      return { moved: rows.length, filled: [...waiting.keys()] };
    });
    for (const queue of filled) wakeWorker(queue); // after the commit: before it there is nothing to find
    metrics.outboxLag(moved);
    return moved;
  };

  const relayLoop = async (): Promise<void> => {
    while (running) {
      nudged = false;
      const moved = await relay().catch((error) => {
        log.warn({ err: error }, 'the relay could not move events; it tries again');
        return 0;
      });
      await sleep(RELAY_PAUSE_MS);
      if (moved === 0 && running && !nudged) await Promise.race([sleep(RELAY_POLL_MS), new Promise<void>((resolve) => (wake = resolve))]);
    }
  };

  /** Acts on jobs. Where one of a batch of rows fails, each goes on as a job of its own, so that a bad one harms no other. */
  const perform = async (queue: Queue, jobs: Job<{ rows: OutboxRow[] }>[]): Promise<JobResult[]> => {
    const results: JobResult[] = [];
    for (const { id, data } of jobs) {
      try {
        await queue.handle(data.rows);
        metrics.work('done', queue.name);
        results.push({ id, status: 'completed' });
      } catch (error) {
        metrics.work('failed', queue.name);
        log.warn({ err: error, queue: queue.name, job: id }, 'work failed; it is tried again');
        const apart =
          data.rows.length > 1 &&
          (await insert(
            queue.name,
            data.rows.map((row) => [row]),
          ).then(
            () => true,
            () => false,
          ));
        results.push({ id, status: apart ? 'completed' : 'failed', output: { message: (error as Error).message.slice(0, 500) } });
      }
    }
    return results;
  };

  /** What a killed process had in hand goes on at once where no other process is alive; else its missing heartbeat tells. */
  const takeOver = async (): Promise<void> => {
    const { rows } = await pool.raw(
      `select name, array_agg(id) as ids from pgboss.job where state = 'active' and not exists (
         select from pg_stat_activity where application_name = '${LISTENER}' and datname = current_database() offset 1) group by name`,
    );
    for (const { name, ids } of rows as { name: string; ids: string[] }[])
      await boss.fail(name, ids, { message: 'its process was killed' });
  };

  const drainQueue = async (queue: Queue): Promise<number> => {
    for (let done = 0; ; ) {
      const jobs = await boss.fetch<{ rows: OutboxRow[] }>(queue.name, { batchSize: 50 });
      for (const { id, status, output } of await perform(queue, jobs))
        await (status === 'completed' ? boss.complete(queue.name, id) : boss.fail(queue.name, id, output));
      done += jobs.length;
      if (jobs.length === 0) return done;
    }
  };

  return {
    boss,
    nudge() {
      nudged = true;
      wake?.();
    },
    async prepare() {
      await boss.start();
      const known = new Set((await boss.getQueues()).map((queue) => queue.name));
      if (!known.has(DEAD_LETTERS)) await boss.createQueue(DEAD_LETTERS, { retentionSeconds: 365 * 86_400 });
      for (const name of queueNames(runtime))
        if (!known.has(name)) await boss.createQueue(name, { ...WORK_QUEUE, ...backOff(parts.retryDelaySeconds) });
      for (const { name } of runtime.modules.flatMap((module) => module.timers))
        if (!known.has(timerQueue(name))) await boss.createQueue(timerQueue(name), TIMER_QUEUE);
    },
    async start() {
      running = true;
      await takeOver();
      for (const queue of queues) {
        const options = { batchSize: 20, pollingIntervalSeconds: 2, burstWhenBatchFull: true, perJobResults: true as const };
        workers.set(queue.name, await boss.work<{ rows: OutboxRow[] }>(queue.name, options, (jobs) => perform(queue, jobs)));
      }
      for (const { name, everyMs, turn } of timers) {
        const queue = timerQueue(name);
        const worker = await boss.work(queue, { pollingIntervalSeconds: Math.max(2, everyMs / 2000) }, () => turn());
        const ring = () =>
          boss.send(queue, {}, { singletonSeconds: Math.max(1, Math.round(everyMs / 1000)) }).then(
            (sent) => sent && boss.notifyWorker(worker),
            (error) => log.warn({ err: error, timer: name }, 'a timer could not be rung; it rings again'),
          );
        await ring();
        intervals.push(setInterval(ring, everyMs));
      }
      loop = relayLoop();
    },
    async stop() {
      running = false;
      for (const interval of intervals) clearInterval(interval);
      wake?.();
      await loop;
      await boss.stop({ graceful: true, timeout: 5000, close: false });
    },
    async drain() {
      for (let worked = 1; worked > 0; ) {
        worked = await relay();
        for (const queue of queues) worked += await drainQueue(queue);
      }
    },
    async sweep() {
      for (const { turn } of timers) await turn();
    },
  };
}

/** The first retry after so many seconds, each later one after about twice as long; 0 for at once. */
const backOff = (seconds: number) => (seconds > 0 ? { retryDelay: seconds, retryBackoff: true, retryDelayMax: 600 } : { retryDelay: 0 });

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function rowsByQueue(rows: OutboxRow[], subscribers: ReadonlyMap<string, string[]>): Map<string, OutboxRow[]> {
  const queues = new Map<string, OutboxRow[]>();
  for (const row of rows) {
    for (const queue of row.kind === 'job' ? [row.name] : (subscribers.get(row.name) ?? []))
      queues.set(queue, [...(queues.get(queue) ?? []), row]);
  }
  return queues;
}

/** Events travel many to a job; jobs one by one. */
function chunks(rows: OutboxRow[], queue: string): OutboxRow[][] {
  const size = queue.includes('/') ? ROWS_PER_JOB : 1;
  const count = Math.ceil(rows.length / size);
  return Array.from({ length: count }, (_, index) => rows.slice(index * size, (index + 1) * size));
}
