import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startEmbeddedPostgres } from '#adapters/database/embedded.ts';
import { prepareDatabase } from '#kernel/prepare-database.ts';
import { givenKeys } from '../src/kernel/secrets.ts';
import { modules } from '../src/modules/index.ts';
import { loadCatalog } from '../test/catalog-100k.ts';
import { type Buyer, buyers, purchase } from './buyers.ts';
import { reportLists } from './lists.ts';
import { any, fire, type Measured, median, NOT_READY_MADE, type Shot } from './load.ts';
import { pgbench } from './pgbench.ts';
import { say } from './report.ts';
import { type Server, startServer } from './servers.ts';

/**
 * Souk beside its limit: a bare node:http server with the same statements and commits. Both serve 100,000 products from
 * databases of their own on one PostgreSQL; they are measured in turns, and the medians compared. docs/performance.md
 * explains the figures. Before that each kind of list is asked for (lists.ts). `--products 1000000` loads more products,
 * which takes ten minutes; with `--folder ../bench-data` the loaded database stays there for the next run. `--lists` ends after the lists.
 * Settings: BENCH_ROUNDS (5), BENCH_SECONDS (4), BENCH_PRODUCTS (100000).
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 4);
const { values: given } = parseArgs({
  options: { products: { type: 'string' }, folder: { type: 'string' }, lists: { type: 'boolean' } },
});
const PRODUCTS = Number(given.products ?? process.env.BENCH_PRODUCTS ?? 100_000);
const CONNECTIONS = 32;
const WORDS = ['lamp', 'phone', 'nova lamp', 'camera', 'olive oil', 'guitar', 'leather bag', 'classic chair', 'kettle', 'puzzle'];
const CATEGORIES = ['lighting', 'phone', 'books', 'garden', 'kitchen', 'clothes'];

const folder = given.folder ? resolve(given.folder) : await mkdtemp(join(tmpdir(), 'souk-bench-'));
say('Starting PostgreSQL …');
/** A million products take 6 GB: what lists read of them lies in memory, as an operator of such a shop would arrange it. */
const options: Record<string, string> =
  PRODUCTS > 200_000 ? { shared_buffers: `${Math.min(3072, Math.floor(totalmem() / 2 ** 20 / 4))}MB` } : {};
const database = await startEmbeddedPostgres({ folder, options });
const databaseAt = (name: string): string => Object.assign(new URL(database.url), { pathname: `/${name}` }).href;
try {
  await bench();
} finally {
  await database.stop();
  if (!given.folder) await rm(folder, { recursive: true, force: true });
}

async function bench(): Promise<void> {
  const souk = databaseAt('souk');
  const keys = `bench:${Buffer.alloc(32, 5).toString('base64')}`;
  await prepareDatabase(souk, modules, givenKeys(keys));
  await load(souk);
  const settings = {
    RATE_LIMITS: 'off',
    LOG_LEVEL: 'info',
    NODE_ENV: 'development',
    DEMO: 'off',
    PUBLIC_URL: 'http://souk.bench', // tokens outlive the server that made them
    SECRET_KEYS: keys,
    DATABASE_URL: souk,
    SOUK_DATA: folder,
  };
  const first = await startServer('apps/server.ts', '/readyz', settings);
  say(`First start on a migrated database, to the first answer: ${first.startMs} ms; idle memory ${first.memory()} MiB`);
  const people = await buyers(first.url, CONNECTIONS);
  const products = await productsOf(souk);
  await reportLists(first.url, souk, products.all, SECONDS, say);
  await first.stop();
  if (given.lists) return;
  await onServer('drop database if exists bare');
  await onServer('create database bare template souk strategy file_copy');
  const [ours, bare] = [
    await startServer('apps/server.ts', '/readyz', settings),
    await startServer('bench/bare.ts', '/livez', { DATABASE_URL: databaseAt('bare') }),
  ];
  say(
    `Start to the first answer: ${ours.startMs} ms (bare ${bare.startMs} ms); idle memory ${ours.memory()} MiB (bare ${bare.memory()} MiB)`,
  );
  const results = new Map<string, { ours: Measured[]; bare: Measured[] }>();
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [name, shots] of Object.entries(scenarios(people, products))) {
      const result = results.get(name) ?? { ours: [], bare: [] };
      results.set(name, result);
      const turns = [
        async () => result.ours.push(await measure(ours, shots.ours)),
        async () => result.bare.push(await measure(bare, shots.bare)),
      ];
      for (const turn of round % 2 === 1 ? turns : turns.reverse()) await turn();
      await settled(souk);
      say(
        `round ${round}  ${name.padEnd(30)} Souk ${Math.round(result.ours.at(-1)!.perSecond)}/s  bare ${Math.round(result.bare.at(-1)!.perSecond)}/s`,
      );
    }
  }
  report(results, ours, bare);
  await ours.stop();
  await bare.stop();
  await onServer('drop database if exists pgbench');
  await onServer('create database pgbench');
  const limits = await pgbench(databaseAt('pgbench'), CONNECTIONS, SECONDS);
  say(limits ? `pgbench: ${Math.round(limits.reads)} reads/s, ${Math.round(limits.writes)} writes/s` : 'pgbench is not installed here.');
}

/** Loads the products, unless the folder has a database with so many of them. */
async function load(url: string): Promise<void> {
  const [loaded] = await askedOnce<{ count: number }>(url, 'select count(*)::int as count from catalog.listings');
  if (loaded!.count >= PRODUCTS) return;
  say(`Loading ${PRODUCTS.toLocaleString('en')} products …`);
  const { tookMs } = await loadCatalog(url, PRODUCTS);
  say(`Loaded in ${Math.round(tookMs / 1000)} s`);
}

function measure(server: Server, next: () => Shot): Promise<Measured> {
  return fire({ url: server.url, connections: CONNECTIONS, seconds: SECONDS, next });
}

interface Goods {
  all: string[];
  ofOneSeller: string[];
}

/** What is asked of both; a purchase is told to the bare server in its own words. */
function scenarios(people: Buyer[], products: Goods): Record<string, { ours: () => Shot; bare: () => Shot }> {
  const [category, detail] = [`/v1/products?category=${CATEGORIES[0]}`, `/v1/products/${products.all[0]}`];
  const same = (path: () => string) => ({ ours: () => ({ path: path(), headers: NOT_READY_MADE }), bare: () => ({ path: path() }) });
  const buys = (from: string[]) => ({
    ours: () => purchase(people, from),
    bare: (): Shot => ({
      method: 'POST',
      path: '/v1/orders',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ buyer: any(people).id, productId: any(from) }),
    }),
  });
  return {
    'page of a category': same(() => `/v1/products?category=${any(CATEGORIES)}`),
    'product detail': same(() => `/v1/products/${any(products.all)}`),
    search: same(() => `/v1/products?q=${encodeURIComponent(any(WORDS))}`),
    'page of a category, ready-made': { ours: () => ({ path: category }), bare: () => ({ path: category }) },
    'product detail, ready-made': { ours: () => ({ path: detail }), bare: () => ({ path: detail }) },
    'purchase, one seller': buys(products.ofOneSeller),
    'purchase, many sellers': buys(products.all),
  };
}

async function productsOf(url: string): Promise<Goods> {
  const simple = `select p.id, p.seller_id from catalog.products p join catalog.variants v on v.product_id = p.id join inventory.levels l on l.variant_id = v.id
    where p.state = 'approved' and p.price_currency = 'USD' group by p.id having count(*) = 1 and min(l.on_hand) > 20 and max(v.price_amount) < 100000 order by p.id limit 20000`;
  const rows = await askedOnce<{ id: string; seller_id: string }>(url, simple);
  const bySeller = Map.groupBy(rows, ({ seller_id }) => seller_id);
  const biggest = [...bySeller.values()].sort((a, b) => b.length - a.length)[0] ?? [];
  return { all: rows.map(({ id }) => id), ofOneSeller: biggest.map(({ id }) => id) };
}

/** Waits until Souk has delivered its events, so that its work is not counted against the next. */
async function settled(url: string): Promise<void> {
  const open = `select (select count(*) from kernel.outbox where sent_at is null)
                     + (select count(*) from pgboss.job where state < 'completed' and name not like 'timer/%') as count`;
  while (Number((await askedOnce<{ count: string }>(url, open))[0]?.count) > 0) await new Promise((resolve) => setTimeout(resolve, 200));
}

function report(results: Map<string, { ours: Measured[]; bare: Measured[] }>, ours: Server, bare: Server): void {
  const figure = (runs: Measured[], pick: (run: Measured) => number) => median(runs.map(pick));
  say(`\nMedians of ${ROUNDS} runs of ${SECONDS} s, ${CONNECTIONS} connections, ${PRODUCTS.toLocaleString('en')} products\n`);
  say('| what | Souk /s | bare /s | ratio | by turns | Souk p50 ms | Souk p99 ms | failed |');
  say('|---|---|---|---|---|---|---|---|');
  for (const [name, runs] of results) {
    const [a, b] = [figure(runs.ours, (run) => run.perSecond), figure(runs.bare, (run) => run.perSecond)];
    // Of each turn and its neighbour, which the machine treated alike.
    const byTurns = median(runs.ours.map(({ perSecond }, round) => perSecond / (runs.bare[round] as Measured).perSecond));
    const failed = runs.ours.reduce((sum, run) => sum + run.failed, 0);
    say(
      `| ${name} | ${Math.round(a)} | ${Math.round(b)} | ${percent(a / b)} | ${percent(byTurns)} | ${figure(runs.ours, (run) => run.p50)} | ${figure(runs.ours, (run) => run.p99)} | ${failed} |`,
    );
  }
  say(`\nMemory after the load: ${ours.memory()} MiB (bare ${bare.memory()} MiB)`);
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

async function onServer(statement: string): Promise<void> {
  await askedOnce(databaseAt('postgres'), statement);
}

async function askedOnce<Row>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows as Row[];
}
