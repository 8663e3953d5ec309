import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres } from '#adapters/database/embedded.ts';
import { prepareDatabase } from '#kernel/prepare-database.ts';
import { grantServiceRoles } from '../apps/service-roles.ts';
import { freePort } from '../infra/local/free-port.ts';
import { startGateway } from '../infra/local/nginx.ts';
import { startRabbitMq } from '../infra/local/rabbitmq.ts';
import { startRedis } from '../infra/local/redis.ts';
import { startServices } from '../infra/local/services.ts';
import { roleOf } from '../infra/roles.ts';
import { type Service, services } from '../infra/topology.ts';
import { givenKeys } from '../src/kernel/secrets.ts';
import { modules } from '../src/modules/index.ts';
import { missingPackages } from '../test/whole.ts';
import { type Buyer, buyers, purchase } from './buyers.ts';
import { listLamps } from './demo-shop.ts';
import { fire, type Measured, median, NOT_READY_MADE, type Shot } from './load.ts';
import { say } from './report.ts';
import { startServer } from './servers.ts';

/**
 * One process beside services on this machine: each on an embedded PostgreSQL of its own with the demo data, measured in turns. The services
 * have RabbitMQ, Redis, nginx, one process each and a database role each. It takes about two minutes. Settings: BENCH_ROUNDS (3), BENCH_SECONDS (3).
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 3);
const CONNECTIONS = 16;
const PRODUCTS = 50;

/** One way to run Souk, with what callers need to buy there. */
interface Shape {
  /** Where all of it answers. */
  url: string;
  /** Where products are read without the gateway. */
  directUrl: string;
  people: Buyer[];
  products: string[];
}

const parts: { stop(): Promise<void> }[] = [];
try {
  if (missingPackages.length > 0) throw new Error(`Install what services need first: apt-get install ${missingPackages.join(' ')}`);
  const load = loadavg()[0]!.toFixed(1);
  const [one, several] = [await filled(await oneProcess()), await filled(await asServices())];
  report(await measure(one, several), load);
} finally {
  for (const part of parts.toReversed()) await part.stop();
}

/** A migrated database, and the settings that both shapes share. */
async function freshDatabase(): Promise<{ url: string; settings: Record<string, string> }> {
  const folder = await mkdtemp(join(tmpdir(), 'souk-bench-services-'));
  parts.push({ stop: () => rm(folder, { recursive: true, force: true }) });
  const database = await startEmbeddedPostgres({ folder });
  parts.push(database);
  const keys = `bench:${randomBytes(32).toString('base64')}`;
  await prepareDatabase(database.url, modules, givenKeys(keys));
  const settings = { RATE_LIMITS: 'off', LOG_LEVEL: 'info', NODE_ENV: 'development', PUBLIC_URL: 'http://souk.bench', SECRET_KEYS: keys };
  return { url: database.url, settings };
}

interface Place {
  url: string;
  directUrl: string;
}

async function oneProcess(): Promise<Place> {
  say('Starting one process …');
  const { url, settings } = await freshDatabase();
  const server = await startServer('apps/server.ts', '/readyz', { ...settings, DATABASE_URL: url, DEMO: 'on' });
  parts.push(server);
  return { url: server.url, directUrl: server.url };
}

async function asServices(): Promise<Place> {
  say('Starting the services …');
  const { url, settings } = await freshDatabase();
  // All modules in one process, once: it notes who hears which event, and loads the demo data.
  await (await startServer('apps/server.ts', '/readyz', { ...settings, DATABASE_URL: url, DEMO: 'on' })).stop();
  const [rabbit, redis] = await Promise.all([startRabbitMq(), startRedis()]);
  parts.push(rabbit, redis);
  const passwords = Object.fromEntries(services.map(({ name }) => [name, randomUUID()]));
  await grantServiceRoles(url, modules, { passwords, hasBroker: true });
  const urlOf = (service: Service): string =>
    Object.assign(new URL(url), { username: roleOf(service), password: passwords[service.name] }).href;
  const shared = { BUS_URL: rabbit.url, CACHE_URL: redis.url, SIGNALS_URL: redis.url, INTERNAL_SECRET: randomUUID() };
  const local = await startServices({
    env: { PATH: process.env.PATH, ...settings, ...shared, MIGRATE: 'off', DEMO: 'off', TRUST_PROXY: 'on' },
    envOf: (service) => ({ DATABASE_URL: urlOf(service) }),
  });
  parts.push(local);
  const gateway = await startGateway(await freePort(), modules, local.addressesOf);
  parts.push(gateway);
  return { url: gateway.url, directUrl: local.named('inventory').url };
}

/** Adds products, and customers with money. */
async function filled(place: Place): Promise<Shape> {
  return { ...place, people: await buyers(place.url, CONNECTIONS), products: await listLamps(place.url, PRODUCTS) };
}

type Scenario = (shape: Shape) => { url: string; next: () => Shot };

function scenarios(page: string): Readonly<Record<string, Scenario>> {
  return {
    purchase: ({ url, people, products }) => ({ url, next: () => purchase(people, products) }),
    'page of a category': ({ url }) => ({ url, next: () => ({ path: page, headers: NOT_READY_MADE }) }),
    'the same, past the gateway': ({ directUrl: url }) => ({ url, next: () => ({ path: page, headers: NOT_READY_MADE }) }),
    'page of a category, ready-made': ({ url }) => ({ url, next: () => ({ path: page }) }),
    'ready-made, past the gateway': ({ directUrl: url }) => ({ url, next: () => ({ path: page }) }),
  };
}

type Results = Map<string, { one: Measured[]; several: Measured[] }>;

async function measure(one: Shape, several: Shape): Promise<Results> {
  const results: Results = new Map();
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, scenario] of Object.entries(scenarios('/v1/products?category=electronics'))) {
      const result = results.get(name) ?? { one: [], several: [] };
      results.set(name, result);
      const run = async (shape: Shape): Promise<Measured> => {
        const measured = await fire({ ...scenario(shape), connections: CONNECTIONS, seconds: round === 0 ? 1 : SECONDS });
        if (name === 'purchase') await sleep(1000); // what follows from purchases is not counted against the next
        return measured;
      };
      const [a, b] = [await run(one), await run(several)];
      if (round === 0) continue; // plans, caches and compiled code
      result.one.push(a);
      result.several.push(b);
      say(`round ${round}  ${name.padEnd(30)} one process ${Math.round(a.perSecond)}/s  services ${Math.round(b.perSecond)}/s`);
    }
  return results;
}

function report(results: Results, load: string): void {
  const figure = (runs: Measured[], pick: (run: Measured) => number) => Math.round(median(runs.map(pick)));
  const times = (runs: Measured[]) => `${figure(runs, ({ p50 }) => p50)} / ${figure(runs, ({ p99 }) => p99)}`;
  const failed = (runs: Measured[]) => runs.reduce((sum, run) => sum + run.failed, 0);
  say(`\nMedians of ${ROUNDS} runs of ${SECONDS} s, ${CONNECTIONS} connections; load of the machine before: ${load}\n`);
  say('| what | one process /s | services /s | one process p50 / p99 ms | services p50 / p99 ms | failed |');
  say('|---|---|---|---|---|---|');
  for (const [name, { one, several }] of results)
    say(
      `| ${name} | ${figure(one, ({ perSecond }) => perSecond)} | ${figure(several, ({ perSecond }) => perSecond)} | ${times(one)} | ${times(several)} | ${failed(one)}, ${failed(several)} |`,
    );
}
