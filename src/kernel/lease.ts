import type { BaseContext } from './context.ts';
import { empty, raw, type Sql, sql } from './database.ts';
import type { Machine } from './machine.ts';
import { stillRunning } from './problems.ts';

/**
 * Rows on which one process at a time works: the one with the lease. If that process is gone, the lease expires. Then the row is stale, and
 * anybody may claim it. The lease is the column `lease_until`, unless `since` and `take` say otherwise.
 */
export interface Leased {
  /** A row, for the log. */
  readonly name: string;
  /** The table with its schema, and its alias in the SQL below. */
  readonly table: string;
  readonly as: string;
  readonly key: string;
  /** True of rows that still need a runner. */
  readonly open: Sql;
  readonly returning: Sql;
  /** Since when a row is stale. */
  readonly since?: string;
  /** What a claim sets. */
  readonly take?: (until: Date | Sql) => Sql;
}

/** Rows of a machine that wait for one of these commands. Their alias is the name of the thing, unless `as` says another. */
export const leased = <Command extends string>(
  machine: Pick<Machine<string, Command>, 'name' | 'table' | 'allows'>,
  commands: readonly Command[],
  { as = machine.name, key = 'id', returning }: { as?: string; key?: string; returning: Sql },
): Leased => ({ name: machine.name, table: machine.table, as, key, open: machine.allows(commands, `${as}.state`), returning });

interface Claim {
  now: Date | Sql;
  until: Date | Sql;
  /** Only the row with this key. */
  key?: string;
  limit?: number;
}

/** Claims stale rows, first those that have waited longest. Rows that another process is claiming at this moment are passed over. */
export const claimStale = (rows: Leased, { now, until, key, limit = 1 }: Claim): Sql => {
  const { since = 'lease_until', take = (end) => sql`lease_until = ${end}` } = rows;
  const [table, column] = [raw(`${rows.table} as ${rows.as}`), raw(`${rows.as}.${rows.key}`)];
  return sql`
    with stale as (
      select ${column} as stale_key from ${table}
      where ${rows.open} and ${raw(since)} <= ${now} ${key === undefined ? empty : sql`and ${column} = ${key}`}
      order by ${raw(since)} limit ${limit} for update skip locked
    )
    update ${table} set ${take(until)} from stale where ${column} = stale_key returning ${rows.returning}`;
};

export const leaseEnd = ({ clock }: Pick<BaseContext, 'clock'>, leaseMs: number): Date => new Date(clock.now().getTime() + leaseMs);

/** How long a repeated call waits for the runner of its row, and how often it looks. */
const WAIT_MS = 5000;
const POLL_MS = 25;

/**
 * For a call that is repeated: what became of a row that an earlier call wrote. Its runner is waited for. When the lease is over, this
 * call resumes the row.
 * @throws stillRunning after five seconds.
 */
export async function resumeOrWait<Row extends { id: string }>(
  ctx: Pick<BaseContext, 'db' | 'clock'>,
  rows: Leased,
  found: Row,
  does: { leaseMs: number; isOpen: (row: Row) => boolean; resume: (row: Row) => Promise<Row>; find: () => Promise<Row | undefined> },
): Promise<Row> {
  let row = found;
  for (const deadline = Date.now() + WAIT_MS; does.isOpen(row); ) {
    if (Date.now() > deadline) throw stillRunning({ retryAfterSeconds: 2 });
    const claim = claimStale(rows, { now: ctx.clock.now(), until: leaseEnd(ctx, does.leaseMs), key: found.id });
    const claimed = await ctx.db.maybe<Row>(claim);
    row = claimed ? await does.resume(claimed) : ((await does.find()) ?? row);
    if (does.isOpen(row)) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return row;
}

/** How many rows one turn of a timer resumes at most. The rest is for the next turn. */
const ROWS_OF_A_TURN = 200;

/**
 * Resumes the rows that are stale now, one after the other, each under a lease that begins with its own run. A row that fails is
 * logged, and is stale again when its lease is over. It stops none of the rows behind it.
 */
export async function resumeStale<Row extends object>(
  ctx: Pick<BaseContext, 'db' | 'clock' | 'log'>,
  rows: Leased,
  { leaseMs, resume }: { leaseMs: number; resume: (row: Row) => Promise<unknown> },
): Promise<void> {
  const now = ctx.clock.now();
  for (let turn = 0; turn < ROWS_OF_A_TURN; turn++) {
    const row = await ctx.db.maybe<Row>(claimStale(rows, { now, until: leaseEnd(ctx, leaseMs) }));
    if (!row) return;
    await resume(row).catch((error) =>
      ctx.log.warn({ err: error, [rows.name]: row[rows.key as keyof Row] }, `a ${rows.name} could not be resumed; it is tried again`),
    );
  }
}
