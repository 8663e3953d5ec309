import type { Hono } from 'hono';
import type { Cache } from '#adapters/cache/port.ts';
import type { Signals } from '#adapters/signals/port.ts';
import type { DatabasePool } from './database.ts';
import type { Metrics } from './metrics.ts';

export interface Vitals {
  /** Connections that requests do not use: a full queue of requests is no sign of a database that is gone. */
  pool: DatabasePool;
  signals: Signals;
  cache: Cache;
  metrics: Metrics;
  draining: () => boolean;
  version: string;
  modules: readonly string[];
}

/** `/livez`: the process turns. `/readyz`: send it traffic. `/health`: both, told in parts. `/metrics`: for Prometheus. */
export function serveHealth(app: Hono<never>, vitals: Vitals): void {
  const open = app as unknown as Hono;
  open.get('/livez', (c) => c.json({ status: 'ok' }));
  open.get('/readyz', async (c) => {
    const ready = !vitals.draining() && (await databaseAnswers(vitals.pool));
    return c.json({ status: ready ? 'ok' : vitals.draining() ? 'draining' : 'database unreachable' }, ready ? 200 : 503);
  });
  open.get('/health', async (c) => {
    const database = await databaseAnswers(vitals.pool);
    const ok = database && !vitals.draining();
    const checks = {
      database: database ? 'ok' : 'unreachable',
      signals: vitals.signals.hearing() ? 'ok' : 'reconnecting',
      cache: vitals.cache.state(),
      draining: vitals.draining(),
    };
    return c.json({ status: ok ? 'ok' : 'degraded', version: vitals.version, modules: vitals.modules, checks }, ok ? 200 : 503);
  });
  open.get('/metrics', async (c) =>
    c.body(await vitals.metrics.registry.metrics(), 200, { 'content-type': vitals.metrics.registry.contentType }),
  );
}

async function databaseAnswers(pool: DatabasePool): Promise<boolean> {
  const answer = pool.raw('select 1').then(
    () => true,
    () => false,
  );
  return Promise.race([answer, new Promise<boolean>((resolve) => setTimeout(resolve, 2000, false).unref())]);
}
