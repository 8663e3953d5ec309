import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendProducts } from './importing.ts';
import type { Person } from './people.ts';
import { openRoom, type Server, startServer } from './real-server.ts';
import { type World, world } from './world.ts';

/**
 * Power cuts while a file is imported, by a server that has too little memory for the file: every row ends as one variant, once.
 * `IMPORT_ROWS=100000 npx vitest run test/import-kills.test.ts` prints what it takes.
 */
const ROWS = Number(process.env.IMPORT_ROWS ?? 2000);
const HEAP_MB = 96;
const room = openRoom('import-kills');
let w: World;
let mona: Person;
let server: Server;

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
};

/** Two variants for each product, and every thousandth row is wrong. */
function* file(): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode('id,name,description,sku,options,price,currency,stock\n');
  const description = 'A sentence about a thing that is for sale here. '.repeat(10);
  for (let row = 0; row < ROWS; row += 2) {
    const id = `THING-${row}`;
    const price = row % 1000 === 0 ? 'free' : '12.50';
    yield encoder.encode(`${id},Thing ${row},${description},S${row},size=S,${price},USD,5\n${id},,,S${row + 1},size=L,13,USD,6\n`);
  }
}

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
  if (process.env.IMPORT_ROWS) console.log(`${what}: ${((performance.now() - since) / 1000).toFixed(1)} s, peak ${peakMb()} MB`);
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
    await server.kill();
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

  since = performance.now();
  const reply = await fetch(`${server.url}/v1/exports/products`, { headers });
  let lines = 0;
  for await (const bytes of reply.body!) for (const byte of bytes) if (byte === 10) lines++;
  expect(lines).toBe(ROWS - wrong + 1);
  took('exported', since);
}, 1_200_000);
