import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { usd } from '../../../test/people.ts';
import { lamp } from '../../../test/sample-products.ts';
import { type World, world } from '../../../test/world.ts';

/** What lists may cost those who serve them, whatever is asked. `npm run test:soak` asks for 20,000 of them. */

const LISTS = Number(process.env.SOAK_LISTS ?? 1280);

let w: World;
let product: string;

beforeAll(async () => {
  w = await world();
  const root = await w.admin();
  for (let n = 0; n < 30; n++) product = await root.lists({ ...lamp, name: `Lamp ${n}`, price: usd(10_00 + n) });
});

/** The n-th of very many lists that differ: 1,280 by what they are narrowed and sorted by, then by values. */
function listNumber(n: number): string {
  const filters = [
    ['category', 'electronics'],
    ['type', `Desk lamp ${n}`],
    ['brand', 'Luma'],
    ['seller', 'souk'],
    ['inStock', 'true'],
    [`option.color${n % 3}`, `red${n}`],
    ['minPrice', String(n)],
    ['q', n % 2 ? 'lamp' : `lamp ${n}`],
  ].filter((_, place) => (n >> place) & 1);
  const sort = ['newest', 'name', 'price', '-price', 'rating'][(n >> 8) % 5]!;
  return `/v1/products?${new URLSearchParams([...filters, ['sort', sort], ['limit', n % 7 === 0 ? '50' : '5']] as [string, string][])}`;
}

async function askFor(from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 8) {
    const replies = await Promise.all(Array.from({ length: Math.min(8, to - n) }, (_, place) => w.get(listNumber(n + place))));
    for (const { status } of replies) expect(status).toBe(200);
  }
}

/** Memory of PostgreSQL's processes for this database that is not shared, in MiB. */
async function privateMemory(): Promise<number> {
  const sessions = await w.sql<{ pid: number }>(
    "select pid from pg_stat_activity where datname = current_database() and application_name like 'souk%'",
  );
  const kib = sessions.map(({ pid }) => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0));
  return kib.reduce((sum, size) => sum + size, 0) / 1024;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What this process cannot let go of, in MiB. */
function heap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

test.skipIf(process.platform !== 'linux')(
  `${LISTS} lists that all differ leave the memory of PostgreSQL and of Souk as it was (read from /proc, so on Linux only)`,
  async () => {
    await askFor(0, 256);
    const before = { postgres: await privateMemory(), souk: heap() };

    await askFor(256, LISTS);

    const more = { postgres: (await privateMemory()) - before.postgres, souk: heap() - before.souk };
    if (LISTS > 5000)
      process.stdout.write(`  ${LISTS} lists: PostgreSQL ${more.postgres.toFixed(1)} MiB more, heap ${more.souk.toFixed(1)} MiB more\n`);
    expect(more.postgres).toBeLessThan(LISTS > 5000 ? 50 : 25);
    expect(more.souk).toBeLessThan(LISTS > 5000 ? 50 : 25);
  },
  LISTS * 30 + 30_000,
);

test('a list is prepared by name only where its text is one of a few', async () => {
  const names = await Promise.all(
    Array.from({ length: 20 }, () =>
      w.souk.pool.raw("select statement from pg_prepared_statements where statement like '%catalog.products%'"),
    ),
  );
  const texts = new Set(names.flatMap(({ rows }) => rows as { statement: string }[]).map(({ statement }) => statement));

  expect([...texts].filter((text) => /understand|words/.test(text))).toEqual([]);
});

test('searches that take too long end with 503 and Retry-After, and meanwhile a product and a plain list are answered at once', async () => {
  const blocker = new pg.Client({ connectionString: w.databaseUrl });
  await blocker.connect();
  await blocker.query('begin; lock table catalog.words in access exclusive mode');

  const searches = Promise.all(Array.from({ length: 300 }, (_, n) => w.get(`/v1/products?q=lamp&minPrice=${n}`)));
  let ended = false;
  searches.then(() => (ended = true));
  const others = await Promise.all(['', `/${product}`, '?sort=price', '?category=electronics'].map((path) => w.get(`/v1/products${path}`)));
  expect(ended).toBe(false);
  const replies = await searches;
  await blocker.query('rollback');
  await blocker.end();

  expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  for (const reply of replies) {
    expect(reply).toBeProblem(503, 'unavailable');
    expect(reply.headers.get('retry-after')).toMatch(/^[15]$/);
  }
  const reasons = new Set(replies.map(({ body }) => body.detail));
  expect([...reasons].sort()).toEqual([
    'Many lists and searches are asked for at the moment. Ask again in a while.',
    'This list takes longer than a second at the moment. Narrow it, or ask again in a while.',
  ]);
  expect((await w.get('/v1/products?q=lamp')).status).toBe(200);
});
