import type pg from 'pg';

type Callback = (error: Error | undefined, client: pg.PoolClient | undefined, release: (release?: unknown) => void) => void;

/** Reports how many seconds each call of a pool waited for its connection, whether it asked by `connect` or by `query`. */
export function timeWaits(pool: pg.Pool, told: (seconds: number) => void): void {
  const connect = pool.connect.bind(pool) as { (): Promise<pg.PoolClient>; (given: Callback): void };
  const timed = (given?: Callback): Promise<pg.PoolClient> | undefined => {
    const began = performance.now();
    const note = () => told((performance.now() - began) / 1000);
    if (!given) return connect().finally(note);
    connect((...answer) => {
      note();
      given(...answer);
    });
    return undefined;
  };
  pool.connect = timed as typeof pool.connect;
}
