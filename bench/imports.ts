import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Cells, columns } from '../src/modules/imports/cells.ts';
import { atRest } from './at-rest.ts';
import { fieldsOf, treeMs } from './cpu.ts';
import { openDemoShop } from './demo-shop.ts';
import { say, sayStatements } from './report.ts';

/**
 * What a long file of products takes, by a server with little memory: it is imported, imported again without and with other stock, and
 * exported; the export is compared with the file, row by row. `--profile` lists the statements.
 * Settings: BENCH_ROWS (100,000), two variants for each product.
 */
const ROWS = Number(process.env.BENCH_ROWS ?? 100_000);
const HEAP_MB = Number(process.env.BENCH_HEAP_MB ?? 256);
const { values: given } = parseArgs({ options: { profile: { type: 'boolean' } } });

const { server, asked, postmaster, stop } = await openDemoShop(
  { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB} ${process.env.BENCH_NODE ?? ''}` },
  { profiled: given.profile ?? false },
);
try {
  await bench();
} finally {
  await stop();
}

async function bench(): Promise<void> {
  say(
    `${ROWS} rows, load of the machine ${loadavg()[0]!.toFixed(1)}\n\n| what | s | rows/s | Souk CPU, µs a row | PostgreSQL CPU, µs a row | peak MB |`,
  );
  say('|---|---|---|---|---|---|');
  const saved = async (name: string, stock: number) => {
    const id = await measured(`${name}: taken`, async () => (await send(await token(), stock)).id);
    await measured(`${name}: saved`, () => done(id));
    await measured(`${name}: what follows`, () => atRest(asked));
  };
  for (const [name, stock] of [
    ['new', 5],
    ['again', 5],
    ['other stock', 6],
  ] as const) {
    if (given.profile) await asked('select pg_stat_statements_reset()');
    await saved(name, stock);
    if (given.profile) {
      say(`\n${name}`);
      await sayStatements(asked, { unit: 'row', count: ROWS, most: 25 });
    }
  }
  const rows = await measured('exported', async () => exported(await token()));
  const wanted = new Set([...lines(6)].map(digest));
  const lost = [...wanted].filter((row) => !rows.has(row));
  say(`\n${rows.size} rows came out; ${lost.length} of the file are not among them. ${lost.slice(0, 3).join(' / ')}`);
}

async function measured<T>(what: string, work: () => Promise<T>): Promise<T> {
  const before = { souk: fieldsOf(server.pid).ms, postgres: treeMs(postmaster), at: performance.now() };
  const result = await work();
  const seconds = (performance.now() - before.at) / 1000;
  const micros = (ms: number) => Math.round((ms * 1000) / ROWS);
  const [souk, postgres] = [fieldsOf(server.pid).ms - before.souk, treeMs(postmaster) - before.postgres];
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1];
  say(
    `| ${what} | ${seconds.toFixed(1)} | ${Math.round(ROWS / seconds)} | ${micros(souk)} | ${micros(postgres)} | ${Math.round(Number(peak ?? 0) / 1024)} |`,
  );
  return result;
}

function* lines(stock: number): Generator<string> {
  const description = 'A sentence about a thing that is for sale here. '.repeat(10).trim();
  for (let row = 0; row < ROWS; row += 2) {
    const product = { id: `THING-${row}`, name: `Thing ${row}`, currency: 'USD' };
    const small = {
      ...product,
      category: 'electronics',
      description,
      sku: `S${row}`,
      options: 'size=S',
      price: '12.50',
      stock: String(stock),
    };
    yield lineOf(small);
    yield lineOf({ ...product, sku: `S${row + 1}`, options: 'size=L', price: '13.00', stock: String(stock + 1) });
  }
}

/** As an export writes it: none of these cells needs quotation marks. */
function lineOf(cells: Cells): string {
  return columns.map((column) => cells[column] ?? '').join(',');
}

async function send(token: string, stock: number): Promise<{ id: string }> {
  const encoder = new TextEncoder();
  const source = lines(stock);
  let begun = false;
  const body = new ReadableStream({
    pull(controller) {
      if (!begun) controller.enqueue(encoder.encode(`${columns.join(',')}\n`));
      begun = true;
      const some = Array.from({ length: 100 }, () => source.next()).flatMap(({ done, value }) => (done ? [] : [value]));
      if (some.length > 0) controller.enqueue(encoder.encode(`${some.join('\n')}\n`));
      else controller.close();
    },
  });
  const reply = await fetch(`${server.url}/v1/imports/products`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv', 'idempotency-key': randomUUID() },
    body,
    duplex: 'half',
  } as RequestInit);
  if (reply.status !== 202) throw new Error(`The file was answered ${reply.status}: ${await reply.text()}`);
  return (await reply.json()) as { id: string };
}

async function done(id: string): Promise<void> {
  let bearer = await token();
  for (;;) {
    const reply = await fetch(`${server.url}/v1/imports/${id}`, { headers: { authorization: `Bearer ${bearer}` } });
    if (reply.status === 401) bearer = await token(); // it took longer than a token lives
    if (!reply.ok) continue;
    const { state, done, refused, failure } = (await reply.json()) as {
      state: string;
      done: number;
      refused: number;
      failure: string | null;
    };
    if (state === 'done' && done === ROWS && refused === 0) return;
    if (state !== 'running') throw new Error(`The import is ${state}, with ${done} rows saved and ${refused} refused: ${failure}`);
    await sleep(500);
  }
}

function digest(line: string): string {
  return createHash('sha256').update(line).digest('base64url').slice(0, 16);
}
async function exported(token: string): Promise<Set<string>> {
  const reply = await fetch(`${server.url}/v1/exports/products`, { headers: { authorization: `Bearer ${token}` } });
  const rows = new Set<string>();
  let rest = '';
  for await (const text of reply.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split('\r\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part.startsWith('THING-')) rows.add(digest(part));
  }
  return rows;
}

async function token(): Promise<string> {
  const reply = await fetch(`${server.url}/v1/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: 'souk-demo' }),
  });
  return ((await reply.json()) as { accessToken: string }).accessToken;
}
