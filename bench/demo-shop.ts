import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '#adapters/database/embedded.ts';
import { caller } from './buyers.ts';
import { fieldsOf } from './cpu.ts';
import type { Asked } from './report.ts';
import { type Server, startServer } from './servers.ts';

export interface DemoShop {
  server: Server;
  asked: Asked;
  /** The first process of its PostgreSQL. */
  postmaster: number;
  stop(): Promise<void>;
}

const PROFILED = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'all', 'pg_stat_statements.max': '10000' };

/** A Souk with the demo data, without rate limits, on a PostgreSQL of its own. `profiled` counts statements. */
export async function openDemoShop(env: Record<string, string> = {}, { profiled = false, checkout = '.' } = {}): Promise<DemoShop> {
  const folder = await mkdtemp(join(tmpdir(), 'souk-bench-'));
  const database = await startEmbeddedPostgres({ folder, options: profiled ? PROFILED : {} });
  const url = Object.assign(new URL(database.url), { pathname: '/souk' }).href;
  const settings = { RATE_LIMITS: 'off', LOG_LEVEL: 'warn', NODE_ENV: 'development', DEMO: 'on', PUBLIC_URL: 'http://souk.bench' };
  const server = await startServer('apps/server.ts', '/readyz', { ...settings, DATABASE_URL: url, SOUK_DATA: folder, ...env }, checkout);
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  const asked: Asked = async <Row>(text: string) => (await client.query(text)).rows as Row[];
  if (profiled) await asked('create extension if not exists pg_stat_statements');
  const [{ pid }] = (await asked('select pg_backend_pid() as pid')) as [{ pid: number }];
  return {
    server,
    asked,
    postmaster: fieldsOf(pid).parent,
    async stop() {
      await client.end().catch(() => {});
      await server.stop();
      await database.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Lamps of Sue, approved by the admin: two people of the demo data. @returns their ids */
export async function listLamps(url: string, count: number): Promise<string[]> {
  const [sue, admin] = [await caller(url, 'sue', 'souk-demo'), await caller(url, 'admin', 'souk-demo')];
  const lamps: string[] = [];
  for (let n = 0; n < count; n++) {
    const price = { amount: 1000 + n, currency: 'USD' };
    const { id } = await sue<{ id: string }>('/v1/products', { name: `Lamp ${n}`, category: 'electronics', price, stock: 1_000_000 });
    await sue(`/v1/products/${id}/submit`);
    await admin(`/v1/products/${id}/approve`);
    lamps.push(id);
  }
  return lamps;
}
