import { LRUCache } from 'lru-cache';
import pg from 'pg';
import type { Sql } from 'sql-template-tag';
import type { Cause } from './cause.ts';
import { openCostlyReads } from './costly-reads.ts';
import { isOfFailedTransaction, isOutdatedPlan, retrying, translate } from './database-errors.ts';
import { asTransaction } from './open-transaction.ts';
import { timeWaits } from './pool-waits.ts';
import { preparedNames } from './prepared-names.ts';
import { unavailable } from './problems.ts';
import { sendTogether } from './send-together.ts';

export { default as sql, empty, join, raw, type Sql } from 'sql-template-tag';

/** A module's way to the database. SQL is written with the `sql` tag; values are always parameters. */
export interface Database {
  /** The rows, in order. */
  many<Row>(statement: Sql): Promise<Row[]>;
  /** The only row. @throws Error when there is not exactly one. */
  one<Row>(statement: Sql): Promise<Row>;
  /** The first row, or undefined. */
  maybe<Row>(statement: Sql): Promise<Row | undefined>;
  /** How many rows it touched. */
  execute(statement: Sql): Promise<number>;
  /**
   * The rows of a read whose cost the caller chooses, such as a search: on a few connections of their own, for a second at most.
   * It sees what is committed, never the changes of an open transaction. @throws unavailable when it takes longer or too many wait.
   */
  costly<Row>(statement: Sql): Promise<Row[]>;
  /** Runs `work` in one transaction: all of it or none. Inside another transaction it joins that one. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
}

/** Sends the SQL of a library; `isRepeated` for one of few texts, which is worth preparing. */
type Raw<Via extends unknown[] = []> = (
  ...sent: [...Via, text: string, values?: unknown[], isRepeated?: boolean]
) => Promise<{ rows: unknown[]; rowCount: number | null }>;

/** What is announced, asked for and remembered in a transaction, and written with it at its end. */
export interface Pending {
  kind: 'event' | 'job';
  name: string;
  subject: string | null;
  payload: unknown;
  /** The setting of the transaction in which a statement of it leaves the payload. */
  left?: string;
  notBefore: Date | null;
  /** Where it is another than that of the transaction. */
  cause?: Cause | null;
}

export interface Transaction extends Database {
  readonly pending: Pending[];
  /** Channels to signal when it has committed (`signal` in events.ts). */
  readonly signals: Set<string>;
  /** Topics of public replies that it changes (`changed` in events.ts). */
  readonly changed: Set<string>;
  /** The kernel's own rows within this transaction. */
  kernel<Row>(statement: Sql): Promise<Row[]>;
  /** Sends the SQL of a library within this transaction. */
  readonly raw: Raw;
  /**
   * Sends a statement whose rows nobody needs, and does not wait: what follows it, up to the commit, leaves in the same write. If it fails, so
   * does the transaction, with what `refusal` makes of the error.
   */
  send(statement: Sql, refusal?: (error: unknown) => unknown): void;
}

/** What a transaction sends with its commit: outbox rows, the audit entry, signals. */
export type Closing = (
  pending: readonly Pending[],
  signals: ReadonlySet<string>,
  changed: ReadonlySet<string>,
) => { statements: Sql[]; committed: () => void } | undefined;

export interface PoolOptions {
  url: string;
  connections: number;
  prepared: boolean;
  /** How many calls may wait for a connection; one more is refused at once, with the time to come again. */
  maxWaiting?: number;
  /** Called for every statement (for budgets and metrics), never with values; `byLibrary` when it is not ours. */
  onStatement?: (text: string, byLibrary: boolean) => void;
  /** Gets how many seconds each call waited for its connection; `costly` for the reads that have connections of their own. */
  onWait?: (seconds: number, costly: boolean) => void;
  /** Sends a statement in a span of its own; undefined where nothing is traced. */
  traced?: (<T>(text: string, send: () => Promise<T>) => Promise<T>) | undefined;
  /** Throws when a statement may not be sent by this owner. */
  guard?: (owner: string, text: string) => void;
}

export interface DatabasePool {
  /** Once `signal` is aborted the handle refuses every statement and every commit. */
  handle(owner: string, closing?: Closing, signal?: AbortSignal): Database;
  readonly url: string;
  /** For libraries that bring their own SQL. */
  readonly raw: Raw;
  waiting(): number;
  total(): number;
  end(): Promise<void>;
}

pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`A bigint of the database is beyond 2^53-1: ${text}`);
  return value;
});

const GUARDED_TEXTS = 5000;

/** A pool of connections, from which each module gets a handle of its own. */
export function openPool(options: PoolOptions): DatabasePool {
  const forCostly = Math.max(1, Math.floor(options.connections / 5));
  const { onWait = () => {}, traced = (_, send) => send() } = options;
  const costly = openCostlyReads(options.url, forCostly, (seconds) => onWait(seconds, true));
  const pool = new pg.Pool({
    connectionString: options.url,
    max: Math.max(1, options.connections - forCostly),
    pipeline: true,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    maxLifetimeSeconds: 1800, // what a connection remembers goes with it
    statement_timeout: 15_000,
    query_timeout: 17_000, // a server that stands still ends no statement: the connection is given up
    lock_timeout: 5000,
    idle_in_transaction_session_timeout: 20_000,
    application_name: 'souk',
    // A statement is planned once per connection: planning again for each value costs more than it saves (docs/performance.md).
    ...(options.prepared ? { options: '-c plan_cache_mode=force_generic_plan' } : {}),
  } as pg.PoolConfig);
  timeWaits(pool, (seconds) => onWait(seconds, false));
  pool.on('error', () => {}); // an idle connection that breaks is replaced at the next use
  pool.on('connect', (client) => client.on('error', () => {})); // one that breaks in use fails its next statement, not the process
  const names = preparedNames(options.prepared);
  const guarded = new LRUCache<string, true>({ max: GUARDED_TEXTS });

  const admit = (owner: string, text: string): void => {
    if (options.guard && !guarded.get(owner + text)) {
      options.guard(owner, text);
      guarded.set(owner + text, true);
    }
    options.onStatement?.(text, false);
  };

  const refuseLongWait = (via: pg.Pool | pg.PoolClient): void => {
    if (via === pool && options.maxWaiting !== undefined && pool.waitingCount >= options.maxWaiting)
      throw unavailable({ retryAfterSeconds: 1 });
  };

  const ofLibrary: Raw<[via: pg.Pool | pg.PoolClient]> = async (via, text, values, isRepeated = false) => {
    options.onStatement?.(text, true);
    const name = isRepeated ? names.of(text) : undefined;
    const query = { text, ...(name ? { name } : {}), ...(values ? { values } : {}) };
    return via.query(query).catch((error) => {
      if (isOutdatedPlan(error)) names.renew(query); // the library's work is tried again
      throw error;
    });
  };

  const config = (owner: string, { text, values }: Sql): pg.QueryConfig => {
    admit(owner, text);
    const name = names.of(text);
    return name ? { name, text, values } : { text, values };
  };

  const run = async (
    via: pg.Pool | pg.PoolClient,
    owner: string,
    statement: Sql,
    signal: AbortSignal | undefined,
  ): Promise<pg.QueryResult> => {
    signal?.throwIfAborted();
    refuseLongWait(via);
    const query = config(owner, statement);
    if (via !== pool) sendTogether(via as pg.PoolClient);
    try {
      return await traced(statement.text, () => via.query(query));
    } catch (error) {
      if (!isOutdatedPlan(error)) throw translate(error);
      names.renew(query);
      if (via !== pool) throw error; // the transaction is tried again
      return run(via, owner, statement, signal);
    }
  };

  const statements = (via: pg.Pool | pg.PoolClient, owner: string, signal?: AbortSignal): Omit<Database, 'transaction'> => ({
    many: async <Row>(statement: Sql) => (await run(via, owner, statement, signal)).rows as Row[],
    one: async <Row>(statement: Sql) => {
      const { rows } = await run(via, owner, statement, signal);
      if (rows.length !== 1) throw new Error(`Expected one row, got ${rows.length}`);
      return rows[0] as Row;
    },
    maybe: async <Row>(statement: Sql) => (await run(via, owner, statement, signal)).rows[0] as Row | undefined,
    execute: async (statement) => (await run(via, owner, statement, signal)).rowCount ?? 0,
    costly: async <Row>({ text, values }: Sql) => {
      admit(owner, text);
      try {
        return (await traced(text, () => costly.query(text, values))).rows as Row[];
      } catch (error) {
        throw translate(error);
      }
    },
  });

  const inTransaction = async <T>(
    owner: string,
    closing: Closing | undefined,
    signal: AbortSignal | undefined,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<T> => {
    signal?.throwIfAborted();
    refuseLongWait(pool);
    const client = await pool.connect().catch((error) => {
      throw translate(error);
    });
    let broken: Error | undefined;
    const sent: Promise<unknown>[] = [];
    let ended: Promise<pg.QueryResult> | undefined;
    try {
      sendTogether(client);
      const begun = client.query('begin'); // travels with the first statement
      begun.catch(() => {});
      const tx = transactionOn(client, owner, { pending: [], signals: new Set(), changed: new Set(), sent }, signal);
      const result = await asTransaction(() => work(tx));
      signal?.throwIfAborted();
      const last = closing?.(tx.pending, tx.signals, tx.changed);
      for (const statement of last?.statements ?? []) sent.push(run(client, 'kernel', statement, signal));
      ended = traced('commit', () => client.query('commit'));
      for (const answer of [...sent, ended]) answer.catch(() => {});
      await inOrder(sent);
      if ((await ended).command !== 'COMMIT') throw new Error('The transaction had failed before its commit');
      last?.committed();
      return result;
    } catch (error) {
      const undone = ended?.catch(() => client.query('rollback')) ?? client.query('rollback'); // a commit after an error undoes all
      broken = await undone.then(
        () => undefined,
        (failure: Error) => failure,
      );
      if (isOfFailedTransaction(error)) await inOrder(sent);
      throw translate(error);
    } finally {
      client.release(broken);
    }
  };

  const transactionOn = (
    client: pg.PoolClient,
    owner: string,
    announced: Pick<Handed, 'pending' | 'signals' | 'changed' | 'sent'>,
    signal: AbortSignal | undefined,
  ): Handed => {
    const tx: Handed = {
      ...statements(client, owner, signal),
      ...announced,
      kernel: async <Row>(statement: Sql) => (await run(client, 'kernel', statement, signal)).rows as Row[],
      raw: (...sent) => ofLibrary(client, ...sent),
      send: (statement, refusal = (error) => error) => {
        const answer = run(client, owner, statement, signal).catch((error) => Promise.reject(refusal(error)));
        answer.catch(() => {});
        announced.sent.push(answer);
      },
      as: (other: string) => transactionOn(client, other, announced, signal),
      transaction: <T>(work: (inner: Transaction) => Promise<T>) => work(tx),
    };
    return tx;
  };

  return {
    url: options.url,
    handle: (owner, closing, signal) => ({
      ...statements(pool, owner, signal),
      transaction: (work) => retrying(() => inTransaction(owner, closing, signal, work)),
    }),
    raw: (...sent) => ofLibrary(pool, ...sent),
    waiting: () => pool.waitingCount + costly.waiting(),
    total: () => pool.totalCount + costly.total(),
    end: async () => {
      await Promise.all([pool.end(), costly.end()]);
    },
  };
}

type Handed = Transaction & { readonly sent: Promise<unknown>[]; as(other: string): Transaction };

/** @throws the error of the first that failed, which says why those behind it did. */
async function inOrder(answers: readonly Promise<unknown>[]): Promise<void> {
  for (const answer of answers) await answer;
}

/** The same transaction in another module's hands. */
export function handOver(tx: Transaction, owner: string): Transaction {
  return (tx as Handed).as(owner);
}

/** True when the error is a violation of the named constraint. */
export const violates = (error: unknown, constraint: string): boolean =>
  (error as { constraint?: string } | null)?.constraint === constraint;
