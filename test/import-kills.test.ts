import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendProducts } from './importing.ts';
import type { Person } from './people.ts';
import { openRoom, type Server, startServer } from './real-server.ts';
import { type World, world } from './world.ts';

/**
 * Power cuts while a file is imported: every row ends as one variant, once. The memory of the server does not grow with the file.
 * `IMPORT_ROWS=100000 npx vitest run test/import-kills.test.ts` prints what it takes.
 */
const ROWS = Number(process.env.IMPORT_ROWS ?? 2000);
/** Less makes the garbage collector work most of the time, and says no more. */
const HEAP_MB = 256;
/** What a server may grow by while it takes, saves and sends a file, however long that is. */
const GROWTH_MB = 130;
const room = openRoom('import-kills');
let w: World;
let mona: Person;
let server: Server;
let atStartMb = 0;
let grownMb = 0;

beforeAll(async () => {
  w = await world();
  mona = await w.person('mona', ['catalog-manager']);
});

afterAll(async () => {
  await server?.kill();
  room.clear();
});

const start = async (): Promise<void> => {
  server = await startServer(room.path, {
    DATABASE_URL: w.databaseUrl,
    PUBLIC_URL: 'http://localhost:3000',
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
  });
  atStartMb = peakMb();
};
const kill = async (): Promise<void> => {
  grownMb = Math.max(grownMb, peakMb() - atStartMb);
  await server.kill();
};

interface Row {
  id: string;
  name: string;
  description: string;
  sku: string;
  options: string;
  price: string;
  currency: string;
  stock: string;
}

/** Two variants for each product, and every five hundredth product is wrong. */
function* rows(): Generator<Row> {
  const description = 'A sentence about a thing that is for sale here. '.repeat(10).trim();
  for (let row = 0; row < ROWS; row += 2) {
    const product = { id: `THING-${row}`, name: `Thing ${row}`, currency: 'USD' };
    const isWrong = row % 1000 === 0;
    yield { ...product, description, sku: `S${row}`, options: 'size=S', price: isWrong ? 'free' : '12.50', stock: '5' };
    yield { ...product, description: '', sku: `S${row + 1}`, options: 'size=L', price: isWrong ? 'free' : '13.00', stock: '6' };
  }
}

const said = ({ id, name, description, sku, options, price, currency, stock }: Row): string =>
  [id, name, description, sku, options, price, currency, stock].join(',');

function* file(): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode('id,name,description,sku,options,price,currency,stock\n');
  for (const row of rows()) yield encoder.encode(`${said(row)}\n`);
}

/** When the rows of products, variants and stock were written: a row that is written again has another transaction. */
const written = () =>
  w.sql(`
    select (select md5(string_agg(id || xmin::text, ',' order by id)) from catalog.products) as products,
           (select md5(string_agg(id || xmin::text, ',' order by id)) from catalog.variants) as variants,
           (select md5(string_agg(variant_id || xmin::text, ',' order by variant_id)) from inventory.levels) as levels,
           (select count(*)::int from inventory.movements) as movements`);

const bodyOf = (chunks: Generator<Uint8Array>): ReadableStream =>
  new ReadableStream({
    pull(controller) {
      const { done, value } = chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });

const peakMb = (): number => {
  const status = process.platform === 'linux' ? readFileSync(`/proc/${server.child.pid}/status`, 'utf8') : '';
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
};

const took = (what: string, since: number): void => {
  if (process.env.IMPORT_ROWS)
    console.log(`${what}: ${((performance.now() - since) / 1000).toFixed(1)} s, peak ${peakMb()} MB, ${atStartMb} at its start`);
};

test('a file that kill -9 meets three times is imported once, row by row, and comes out as it went in', async () => {
  await start();
  const headers = { authorization: `Bearer ${mona.token}` };
  const read = async (path: string) => (await server.call(path, { headers })).body;
  let since = performance.now();
  const call: Pick<World, 'fetch'> = { fetch: (path, init) => server.call(path, { ...init, signal: AbortSignal.timeout(300_000) }) };
  const taken = await sendProducts(call, mona, bodyOf(file()));
  expect(taken.body).toMatchObject({ state: 'running', rows: ROWS });
  took('taken', since);

  const look = () => read(`/v1/imports/${taken.body.id}`) as Promise<{ state: string; done: number; refused: number; rows: number }>;
  since = performance.now();
  for (const part of [0.2, 0.4, 0.6]) {
    await expect.poll(async () => (await look()).done, { timeout: 600_000, interval: 20 }).toBeGreaterThan(ROWS * part);
    await kill();
    if (part === 0.4) await w.souk.stop(); // a server that starts alone waits for no sign of life of the one before it
    await start();
  }
  await expect.poll(async () => (await look()).state, { timeout: 600_000, interval: 50 }).toBe('done');
  took('saved, with three power cuts', since);

  const wrong = 2 * Math.ceil(ROWS / 1000);
  expect(await look()).toMatchObject({ rows: ROWS, done: ROWS - wrong, refused: wrong });
  const [counted] = await w.sql(`select count(*)::int as variants, count(distinct v.product_id)::int as products from catalog.variants v`);
  expect(counted).toEqual({ variants: ROWS - wrong, products: (ROWS - wrong) / 2 });
  const [stock] = await w.sql('select sum(on_hand)::int as units, count(*)::int as levels from inventory.levels');
  expect(stock).toEqual({ units: ((ROWS - wrong) / 2) * 11, levels: ROWS - wrong });
  expect(await w.sql('select reason, count(*)::int from inventory.movements group by reason')).toEqual([
    { reason: 'opening stock', count: ROWS - wrong },
  ]);

  const before = await written();
  since = performance.now();
  const reply = await fetch(`${server.url}/v1/exports/products`, { headers });
  const exported = parse(await reply.text(), { columns: true }) as Row[];
  expect(exported.map(said).sort()).toEqual(
    [...rows()]
      .filter(({ price }) => price !== 'free')
      .map(said)
      .sort(),
  );
  took('exported', since);

  since = performance.now();
  const again = await sendProducts(call, mona, bodyOf(file()));
  await expect.poll(async () => (await read(`/v1/imports/${again.body.id}`)).state, { timeout: 600_000, interval: 50 }).toBe('done');
  took('imported again', since);
  expect(await read(`/v1/imports/${again.body.id}`)).toMatchObject({ rows: ROWS, done: ROWS - wrong, refused: wrong });
  expect(await written()).toEqual(before);
  grownMb = Math.max(grownMb, peakMb() - atStartMb);
  if (process.platform === 'linux') expect(grownMb).toBeGreaterThan(0);
  expect(grownMb).toBeLessThan(GROWTH_MB);
}, 1_200_000);

/** 110 MB, of which nothing can be saved: what is read is let go. */
function* longFile(): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode('id,name,description,price,currency\n');
  const description = 'A sentence about a thing that is for sale here. '.repeat(210);
  for (let row = 0; row < 11_000; row++) yield encoder.encode(`LONG-${row},Long,${row} ${description},free,USD\n`);
}

test('a file of 110 MB is read within the same memory', async () => {
  const before = peakMb();
  const since = performance.now();
  const call: Pick<World, 'fetch'> = { fetch: (path, init) => server.call(path, { ...init, signal: AbortSignal.timeout(300_000) }) };
  const taken = await sendProducts(call, mona, bodyOf(longFile()));
  expect(taken.body).toMatchObject({ state: 'running', rows: 11_000, refused: 11_000 });
  took('110 MB taken', since);
  expect(peakMb() - Math.min(before, atStartMb)).toBeLessThan(GROWTH_MB);
}, 300_000);
