import pg from 'pg';
import { timeWaits } from './pool-waits.ts';
import { unavailable } from './problems.ts';

/** How long one such read may take, and how long it may wait for its turn. */
const TIME_LIMIT_MS = 1000;
const WAIT_LIMIT_MS = 1000;
const WAITING = 200;

const TOO_LONG = 'This list takes longer than a second at the moment. Narrow it, or ask again in a while.';
const BUSY = 'Many lists and searches are asked for at the moment. Ask again in a while.';

/**
 * Connections for reads whose cost the caller chooses: lists with filters, and searches. They are few, so that everything else
 * keeps its own; each read is cut off after a second. Such statements have thousands of texts, so none is prepared by name:
 * PostgreSQL would remember each of them on every connection. They are planned for their values.
 */
export function openCostlyReads(url: string, connections: number, onWait: (seconds: number) => void) {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: WAIT_LIMIT_MS,
    idleTimeoutMillis: 60_000,
    maxLifetimeSeconds: 1800,
    statement_timeout: TIME_LIMIT_MS,
    query_timeout: 3 * TIME_LIMIT_MS, // where a pooler has dropped the limit, or the server stands still
    application_name: 'souk lists',
    options: '-c jit=off',
  });
  timeWaits(pool, onWait);
  pool.on('error', () => {}); // an idle connection that breaks is replaced at the next use
  pool.on('connect', (client) => client.on('error', () => {}));
  return {
    /** @throws unavailable when too many wait already. */
    async query(text: string, values: unknown[]): Promise<pg.QueryResult> {
      if (pool.waitingCount >= WAITING) throw unavailable({ retryAfterSeconds: 1, reason: BUSY });
      try {
        return await pool.query(text, values);
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        if (code === '57014') throw Object.assign(unavailable({ retryAfterSeconds: 5, reason: TOO_LONG }), { cause: error });
        if (/timeout exceeded|Query read timeout/.test(message)) throw unavailable({ retryAfterSeconds: 1, reason: BUSY });
        throw error;
      }
    },
    waiting: () => pool.waitingCount,
    total: () => pool.totalCount,
    end: () => pool.end(),
  };
}
