import type { Logger } from 'pino';
import { commonCause } from './cause.ts';
import type { Clock } from './clock.ts';
import { type Database, type Sql, sql } from './database.ts';
import type { Delivered, EventKind } from './events.ts';
import type { OutboxRow } from './outbox.ts';
import type { Runtime } from './runtime.ts';
import { systemScope } from './runtime.ts';
import { openTurns, type Turns } from './turns.ts';

/** An event of any kind. Its payload fits the schema of its kind and version. */
export interface HeardEvent extends Delivered<unknown> {
  /** `orders.order-placed`. */
  readonly name: string;
  readonly version: number;
}

/**
 * What a module does with every event of all modules: in order per subject, each once. It runs in one transaction with the removal from
 * the log, by one process at a time. While it fails nothing is skipped.
 */
export type HearEvery<Ctx = never> = (ctx: Ctx, events: HeardEvent[]) => Promise<void>;

/** What a module that hears every event can listen to. */
export interface EventKinds {
  readonly eventKinds: readonly EventKind[];
}

const BATCH = 500;
const SECONDS = 30;

/** The name under which `kernel.subscriptions` has a module that hears every event. */
export const everyEventOf = (module: string): { event: string; queue: string } => ({ event: '*', queue: `${module}/*` });

/** Hands the log of events to the module of this process that hears every event. Undefined where that lives elsewhere. */
export function openEventLog(parts: { runtime: Runtime; clock: Clock; log: Logger }): Turns | undefined {
  const { runtime, log } = parts;
  const hearer = runtime.modules.find(({ name, hearEvery }) => hearEvery && runtime.local.has(name));
  if (!hearer?.hearEvery) return undefined;
  const { name, hearEvery } = hearer;
  const turn = async (): Promise<number> => {
    const scope = { ...systemScope, signal: AbortSignal.timeout(SECONDS * 1000) };
    return (runtime.context(name, scope).db as Database).transaction(async (tx) => {
      const rows = (await tx.kernel<LoggedRow>(takeLogged(BATCH))).sort((a, b) => a.seq - b.seq);
      if (rows.length > 0) await hearEvery(runtime.context(name, { ...scope, tx }) as never, rows.map(heard));
      return rows.length;
    });
  };
  return openTurns(turn, log, 'events could not be handed to the module that hears all of them; it is tried again');
}

type LoggedRow = Pick<OutboxRow, 'id' | 'seq' | 'name' | 'subject' | 'payload' | 'created_at' | 'request_id' | 'actor_id' | 'trace'>;

/** One process takes at a time. Rows that appear late, from another role, are found by the next one. */
const takeLogged = (limit: number): Sql => sql`
  with mine as materialized (select pg_try_advisory_xact_lock(7281004) as mine),
  batch as (select seq from kernel.event_log where (select mine from mine) order by seq limit ${limit})
  delete from kernel.event_log as row using batch where row.seq = batch.seq
  returning row.id, row.seq, row.name, row.subject, row.payload, row.created_at, row.request_id, row.actor_id, row.trace`;

function heard(row: LoggedRow): HeardEvent {
  const [, name = row.name, version = '1'] = /^(.*)\.v(\d+)$/.exec(row.name) ?? [];
  const { id, subject, payload, created_at: at } = row;
  return { id, name, version: Number(version), subject: subject ?? '', payload, at: new Date(at), cause: commonCause([row]) };
}
