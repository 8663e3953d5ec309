import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../infra/local/free-port.ts';
import { chanceFrom } from './fuzz-values.ts';
import { type Bought, boughtBy, type Driven, driveUntilSilence, sendDriven, strangeOf } from './kill-driving.ts';
import { type Invariants, openInvariants } from './kill-invariants.ts';
import { strangeReplies, untrueReplies } from './kill-replies.ts';
import { isDone, isRefusal, type Made, send, shopUntilSilence } from './kill-round.ts';
import { type Person, usd } from './people.ts';
import { arrives, embeddedServer, isRunning, openRoom, type Server, startServer, stopLeftDatabase } from './real-server.ts';
import { WATCH_OUTBOX } from './told.ts';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 10);
/** Repeats which process dies when, and what the buyers ask for; when a kill meets a call is never the same twice. */
const SEED = Number(process.env.KILL_SEED ?? randomInt(2 ** 32));
const chance = chanceFrom(SEED);
const BUYERS = 8;
/** They are never given much money, and so are often refused. */
const POOR = 2;
/** A payout whose answer was lost is asked about again after its lease (15 s), by a timer (10 s). */
const RECOVERY_MS = 45_000;

const room = openRoom('kills');
const data = join(room.path, 'data');
let port: number;
let server: Server;
let admin: Person;
let buyers: Person[];
let seller: Person;
let plenty: string[];
/** All that was bought, oldest first. */
const bought: Bought[] = [];

beforeAll(async () => {
  port = await freePort();
  await open();
  await watchOutbox();
  await peopleSignIn();
  plenty = await Promise.all([20_00, 7_50, 99].map((price) => lists('Plenty', price, 100_000)));
  plenty.push(await ofSeller('Plenty of hers', 12_34, 100_000));
  for (const buyer of buyers) await buyer.charge(usd(buyer.username.startsWith('poor') ? 30_00 : 50_000_00));
});

afterAll(async () => {
  await server?.kill();
  await stopLeftDatabase(data);
  room.clear();
});

test(
  `through ${ROUNDS} kills in the middle of purchases and on the way to the door nothing is lost, taken twice or left half done, and every reply stays true (KILL_SEED=${SEED})`,
  async () => {
    const hit = { lost: 0, refused: 0, 'left half done': 0, 'driven and lost': 0 };
    for (let round = 1; round <= ROUNDS; round++) {
      if (round % 20 === 0) await peopleSignIn(); // before their tokens run out: they outlive the kills
      const way = round % 2 === 1 ? 'server' : chance.below(2) === 0 ? 'server, then PostgreSQL' : 'PostgreSQL, then server';
      const shopped = await shopAndKill(way);
      const began = Date.now();
      await open();
      const restedMs = await booksAfter(shopped, began);
      hit.lost += shopped.lost;
      hit['driven and lost'] += shopped.drivenLost;
      hit.refused += shopped.refused;
      hit['left half done'] += shopped.left.length;
      process.stdout.write(
        `  round ${round}: ${way} killed after ${shopped.afterMs} ms; ${shopped.calls.length} calls, ${shopped.lost} replies lost, ${shopped.refused} refused; ${shopped.driven.length} steps of orders, ${shopped.drivenLost} replies lost; ` +
          `left behind: ${shopped.left.join(', ') || 'nothing'}; at rest ${(restedMs / 1000).toFixed(1)} s after the start\n`,
      );
    }
    await tellWays();
    if (ROUNDS >= 10)
      for (const [what, often] of Object.entries(hit)) expect(often, `the kills never met what is ${what}`).toBeGreaterThan(0);
  },
  120_000 + ROUNDS * 60_000,
);

test('a PostgreSQL that crashes and recovers by itself is all that a living server needs to go on', async () => {
  const { child } = server;
  let unavailable = 0;
  for (let tries = 0; tries < 5 && unavailable === 0; tries++) {
    const shopped = await shopAndKill('a connection of PostgreSQL');
    await expect.poll(async () => (await server.call('/readyz')).status, { timeout: 10_000 }).toBe(200);
    await booksAfter(shopped, Date.now());
    unavailable = shopped.calls.filter(({ reply }) => reply?.status === 503).length; // none where it recovers between two statements
  }

  expect(child.exitCode).toBeNull();
  expect(unavailable).toBeGreaterThan(0);
}, 120_000);

test('charges whose reply was lost, and that nobody asked about again, are settled by themselves', async () => {
  const books = openInvariants(embeddedServer(data).url);

  await expect.poll(() => books.rows("select id from wallet.charges where state = 'pending'"), { timeout: 40_000 }).toEqual([]);

  await restOf(books);
  expect(await books.faults()).toEqual([]);
  await books.close();
}, 60_000);

test('after all of it the server still stops cleanly', async () => {
  const { pid } = embeddedServer(data);

  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(isRunning(pid, data)).toBe(false);
});

async function open(): Promise<void> {
  const env = {
    SOUK_DATA: data,
    PUBLIC_URL: 'http://souk.test',
    DEMO: 'on',
    ORDER_LEASE_SECONDS: '1',
    COMPLETION_DAYS: '0',
    LOG_LEVEL: 'warn',
  };
  server = await startServer(room.path, env, port);
}

/** What became of all orders, refunds and payouts. Many rounds must have seen each way. */
async function tellWays(): Promise<void> {
  const books = openInvariants(embeddedServer(data).url);
  const ways = await books.rows<{ way: string; often: number }>(
    `select 'order ' || state as way, count(*)::int as often from orders.orders group by 1
     union all select 'shipment ' || state, count(*)::int from fulfilment.shipments group by 1
     union all select 'refund by ' || cause, count(*)::int from fulfilment.refunds group by 1
     union all select 'payout ' || state, count(*)::int from wallet.payouts group by 1 order by 1`,
  );
  await books.close();
  process.stdout.write(`  ${ways.map(({ way, often }) => `${way} ${often}`).join(', ')}\n`);
  const seen = ways.map(({ way }) => way);
  if (ROUNDS >= 100)
    expect(seen).toEqual(
      expect.arrayContaining([
        'shipment shipped',
        'shipment delivered',
        'shipment cancelled',
        'shipment returned',
        'shipment refunded',
        'payout sent',
      ]),
    );
}

/** What was announced leaves the outbox once it is sent; the books want to see it. */
async function watchOutbox(): Promise<void> {
  const books = openInvariants(embeddedServer(data).url);
  await books.rows(WATCH_OUTBOX);
  await books.close();
}

async function peopleSignIn(): Promise<void> {
  admin = await arrives(server.call, 'admin', 'souk-demo');
  const names = Array.from({ length: BUYERS }, (_, index) => (index < POOR ? `poor-${index}` : `rich-${index}`));
  seller = await arrives(server.call, 'seller');
  buyers = await Promise.all(names.map((name) => arrives(server.call, name)));
}

/** A product of a seller, whose money travels: the shop's own sales are paid out to nobody. */
async function ofSeller(name: string, price: number, stock: number): Promise<string> {
  const { id } = (await seller.post('/v1/products', { name, category: 'electronics', price: usd(price), stock })).body;
  await seller.post(`/v1/products/${id}/submit`);
  expect((await admin.post(`/v1/products/${id}/approve`)).status).toBe(200);
  return id;
}

async function lists(name: string, price: number, stock: number): Promise<string> {
  return admin.lists({ name, price: usd(price), stock });
}

type Way = 'server' | 'server, then PostgreSQL' | 'PostgreSQL, then server' | 'a connection of PostgreSQL';

interface Shopped {
  calls: Made[];
  driven: Driven[];
  drivenLost: number;
  afterMs: number;
  lost: number;
  refused: number;
  /** What stood half done right after the kill, as far as there is a PostgreSQL left to ask. */
  left: string[];
}

async function shopAndKill(way: Way): Promise<Shopped> {
  const forSale = { plenty, scarce: await lists('Scarce', 3_00, 12) };
  const database = embeddedServer(data);
  let dead = false;
  const note = (call: Made) => void bought.push(...boughtBy(call));
  const shopping = shopUntilSilence(buyers, forSale, () => dead, chance.below(2 ** 32), note);
  const driving = driveUntilSilence({ staff: admin, seller }, bought, () => dead, chance.below(2 ** 32));
  const afterMs = 150 + chance.below(1350);
  await sleep(afterMs);
  await killsOf(database)[way]();
  dead = true;
  const [calls, driven] = [await shopping, await driving];
  expect([...strangeReplies(calls), ...strangeOf(driven)]).toEqual([]);
  const drivenLost = driven.filter(({ reply }) => !reply).length;
  const left = way === 'server' ? await leftBehind(database.url) : [];
  return {
    calls,
    driven,
    drivenLost,
    afterMs,
    left,
    lost: calls.filter(({ reply }) => !reply).length,
    refused: calls.filter(isRefusal).length,
  };
}

function killsOf({ pid, url }: { pid: number; url: string }): Record<Way, () => Promise<unknown>> {
  const aMoment = () => sleep(chance.below(100));
  const database = async () => process.kill(pid, 'SIGKILL');
  return {
    server: () => server.kill(),
    'server, then PostgreSQL': () => server.kill().then(aMoment).then(database),
    'PostgreSQL, then server': () =>
      database()
        .then(aMoment)
        .then(() => server.kill()),
    'a connection of PostgreSQL': async () => {
      const books = openInvariants(url);
      const [one] = await books.rows<{ pid: number }>("select pid from pg_stat_activity where application_name = 'souk' limit 1");
      process.kill(one!.pid, 'SIGKILL'); // the others end with it, and PostgreSQL begins anew
      await sleep(1000);
      await books.close();
    },
  };
}

/** Waits for the end of what was under way, asks for every lost reply, and reads the books. Answers how long that took. */
async function booksAfter({ calls, driven }: Shopped, began: number): Promise<number> {
  const books = openInvariants(embeddedServer(data).url);
  await restOf(books);
  const restedMs = Date.now() - began;
  await askAgainForLostReplies(calls);
  await refusalsStay(calls);
  const lost = driven.filter(({ reply }) => !reply);
  await Promise.all(lost.map(sendDriven));
  expect(strangeOf(lost)).toEqual([]);
  await restOf(books);
  expect(await books.faults()).toEqual([]);
  expect(await untrueReplies(books, calls)).toEqual([]);
  expect((await admin.get('/v1/ledger/proof')).body).toMatchObject({ ok: true });
  await books.close();
  return restedMs;
}

async function leftBehind(url: string): Promise<string[]> {
  const books = openInvariants(url);
  const left = await books.unfinished();
  await books.close();
  return left.map((line) => line.split(':')[0]!);
}

async function restOf(books: Invariants): Promise<void> {
  const deadline = Date.now() + RECOVERY_MS;
  for (let unfinished = await books.unfinished(); unfinished.length > 0; unfinished = await books.unfinished()) {
    if (Date.now() > deadline)
      throw new Error(`Not at rest after ${RECOVERY_MS / 1000} s: ${unfinished.join('; ')}\n${server.stdout().slice(-3000)}`);
    await sleep(100);
  }
}

/** As every client should: with the same key, until the outcome is known. Half of the charges are left to the timers. */
async function askAgainForLostReplies(calls: readonly Made[]): Promise<void> {
  const open = calls.filter((call) => !isDone(call) && !isRefusal(call)).filter(({ kind }, index) => kind === 'order' || index % 2 === 0);
  await Promise.all(
    open.map(async (call) => {
      for (let attempt = 1; !isDone(call) && !isRefusal(call); attempt++) {
        if (attempt > 50) throw new Error(`No outcome: ${JSON.stringify(call.reply?.body)}`);
        call.reply = undefined;
        if (!(await send(call)) || (!isDone(call) && !isRefusal(call))) await sleep(200);
      }
    }),
  );
}

async function refusalsStay(calls: readonly Made[]): Promise<void> {
  for (const call of calls.filter(isRefusal)) {
    const again = (await send(call))?.body; // its detail says besides that a new key is needed
    expect(again).toEqual({ ...call.reply?.body, detail: expect.stringContaining(call.reply?.body.detail) });
  }
}
