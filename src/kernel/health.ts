import type { Hono } from 'hono';
import type { Cache } from '#adapters/cache/port.ts';
import type { QueueEngine } from '#adapters/queue/port.ts';
import type { Signals } from '#adapters/signals/port.ts';
import type { Clock } from './clock.ts';
import type { DatabasePool } from './database.ts';
import type { Metrics } from './metrics.ts';

export interface Vitals {
  /** Connections that requests do not use: a full queue of requests is no sign of a database that is gone. */
  pool: DatabasePool;
  signals: Signals;
  cache: Cache;
  engine: QueueEngine;
  clock: Clock;
  metrics: Metrics;
  draining: () => boolean;
  version: string;
  modules: readonly string[];
}

/** A part that does not answer, and for how long: since a probe first saw it. */
interface Missing {
  part: string;
  seconds: number;
}

/**
 * `/livez`: the process runs, even if nothing else does. `/readyz`: it takes traffic. What is missing is named; only a missing database
 * is a 503, because without the others requests are answered. `/health`: both, in parts. `/metrics`: for Prometheus.
 */
export function serveHealth(app: Hono<never>, vitals: Vitals): void {
  const { signals, cache, engine, clock, metrics, version, modules } = vitals;
  const open = app as unknown as Hono;
  const since = new Map<string, number>();

  const checks = async () => ({
    database: (await databaseAnswers(vitals.pool)) ? 'ok' : 'unreachable',
    signals: signals.hearing() ? 'ok' : 'reconnecting',
    queue: engine.state(),
    cache: cache.state(),
  });
  const missingOf = (parts: Record<string, string>): Missing[] => {
    const now = clock.now().getTime();
    return Object.entries(parts).flatMap(([part, state]) => {
      if (state === 'ok') since.delete(part);
      else if (!since.has(part)) since.set(part, now);
      return state === 'ok' ? [] : [{ part, seconds: Math.round((now - since.get(part)!) / 1000) }];
    });
  };

  open.get('/livez', (c) => c.json({ status: 'ok' }));
  open.get('/readyz', async (c) => {
    const parts = await checks();
    const isReady = parts.database === 'ok' && !vitals.draining();
    const status = isReady ? 'ok' : vitals.draining() ? 'draining' : 'database unreachable';
    return c.json({ status, missing: missingOf(parts) }, isReady ? 200 : 503);
  });
  open.get('/health', async (c) => {
    const parts = await checks();
    const isReady = parts.database === 'ok' && !vitals.draining();
    const status = isReady ? 'ok' : 'degraded';
    return c.json({ status, version, modules, checks: { ...parts, draining: vitals.draining() } }, isReady ? 200 : 503);
  });
  open.get('/metrics', async (c) => c.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }));
}

async function databaseAnswers(pool: DatabasePool): Promise<boolean> {
  const answer = pool.raw('select 1').then(
    () => true,
    () => false,
  );
  return Promise.race([answer, new Promise<boolean>((resolve) => setTimeout(resolve, 2000, false).unref())]);
}
