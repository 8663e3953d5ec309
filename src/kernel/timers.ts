import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Errors } from '#adapters/errors/port.ts';
import { type Database, sql } from './database.ts';
import type { Timer } from './events.ts';
import { claimStale, type Leased } from './lease.ts';
import type { Metrics } from './metrics.ts';
import { type Runtime, systemScope } from './runtime.ts';
import { isUnexpected } from './thrown.ts';
import { withinTime } from './time-limit.ts';

const POLL_MS = 1000;
/** How many timers of one process run at once. */
const PLACES = 3;
/** A turn whose process is gone is free again after this; a living process says every few seconds that it still runs. */
const HELD_SECONDS = 10;
const ALIVE_MS = 3000;

/** Runs periodic work. The database has one row for each timer with the time when it is due, so turns cannot pile up. */
export interface Timers {
  prepare(): Promise<void>;
  start(alone: boolean): Promise<void>;
  stop(): Promise<void>;
  /** One turn of every timer, now. @throws what went wrong. */
  sweep(): Promise<void>;
}

interface Turn extends Timer {
  run(): Promise<unknown>;
}

export function openTimers(parts: { runtime: Runtime; db: Database; log: Logger; metrics: Metrics; errors: Errors }): Timers {
  const { runtime, db, log, metrics, errors } = parts;
  const turns = new Map<string, Turn>(
    runtime.modules
      .filter(({ name }) => runtime.local.has(name))
      .flatMap((module) => module.timers.map((timer): [string, Turn] => [timer.name, { ...timer, run: () => turnOf(timer, module.name) }])),
  );
  const me = randomUUID();
  const running = new Map<string, Promise<void>>();
  const intervals: NodeJS.Timeout[] = [];
  let isStarted = false;

  const turnOf = (timer: Timer, module: string) =>
    withinTime(timer.seconds, (signal) => timer.run(runtime.context(module, { ...systemScope, signal }) as never));

  const run = async ({ name, run }: Turn): Promise<void> => {
    try {
      await run();
      metrics.timer('done', name);
    } catch (error) {
      metrics.timer('failed', name);
      log.error({ err: error, timer: name }, 'a timer failed; its next turn comes as usual');
      if (isUnexpected(error)) errors.report(error, { place: name });
    }
    await db.execute(letGo(me, name)).catch((error) => log.warn({ err: error, timer: name }, 'a timer could not be let go of'));
  };

  const look = async (): Promise<void> => {
    const places = PLACES - running.size;
    if (places <= 0) return;
    const due = await db.many<{ name: string }>(
      claimStale(dueTimers([...turns.values()], me), { now: sql`now()`, until: HELD, limit: places }),
    );
    for (const { name } of due) {
      const work = run(turns.get(name)!).finally(() => {
        running.delete(name);
        if (due.length === places && isStarted) void lookAgain(); // more may be due than there were places
      });
      running.set(name, work);
    }
  };

  const lookAgain = () => look().catch((error) => log.warn({ err: error }, 'timers could not be looked at'));

  return {
    prepare: async () => {
      await db.execute(noteTimers([...turns.keys()]));
    },
    async start(alone) {
      if (alone) await db.execute(letGoOfAll);
      isStarted = true;
      intervals.push(setInterval(lookAgain, POLL_MS));
      const sayAlive = async () => running.size > 0 && db.execute(holdOn(me, [...running.keys()]));
      intervals.push(setInterval(() => sayAlive().catch((error) => log.warn({ err: error }, 'timers could not be held')), ALIVE_MS));
    },
    async stop() {
      isStarted = false;
      for (const interval of intervals) clearInterval(interval);
      await Promise.all(running.values());
    },
    async sweep() {
      for (const { run } of turns.values()) await run();
    },
  };
}

const noteTimers = (names: string[]) => sql`
  insert into kernel.timers (name, due_at) select name, now() from unnest(${names}::text[]) as name order by name on conflict do nothing`;

const letGoOfAll = sql`update kernel.timers set held_by = null, held_until = null where held_until is not null`;

/** Timers that are due and that nobody runs. A claim says when the next turn is due. */
const dueTimers = (timers: readonly Timer[], me: string): Leased => ({
  name: 'timer',
  table: 'kernel.timers',
  as: 'timer',
  key: 'name',
  open: sql`name = any(${timers.map(({ name }) => name)}::text[])`,
  since: 'greatest(due_at, held_until)',
  take: (until) => sql`
    held_by = ${me}, held_until = ${until}, due_at = now() + interval '1 ms' *
      (select every_ms from unnest(${timers.map(({ name }) => name)}::text[], ${timers.map(({ everyMs }) => everyMs)}::bigint[]) as mine (name, every_ms) where mine.name = timer.name)`,
  returning: sql`name`,
});

const HELD = sql`now() + ${HELD_SECONDS} * interval '1 s'`;

const holdOn = (me: string, names: string[]) => sql`
  update kernel.timers set held_until = ${HELD} where name = any(${names}::text[]) and held_by = ${me}`;

const letGo = (me: string, name: string) => sql`
  update kernel.timers set held_by = null, held_until = null where name = ${name} and held_by = ${me}`;
