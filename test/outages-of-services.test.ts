import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Composition } from '../src/kernel/compose.ts';
import { systemScope } from '../src/kernel/runtime.ts';
import { openSouk } from '../src/souk.ts';
import { type Invariants, openInvariants } from './kill-invariants.ts';
import { type Person, people, usd } from './people.ts';
import { onServer, openTestPostgres, type TestPostgres } from './postgres.ts';
import { testSettings } from './settings.ts';
import { missingPackages, startWhole, type Whole } from './whole.ts';

/** How long each part is away. */
const SECONDS = Number(process.env.OUTAGE_SECONDS ?? 0);
const BUYERS = 4;
const RECOVERY_MS = 60_000;
/** From the end of an outage until somebody's new purchase is placed. */
const FIRST_PURCHASE_MS = 5000;

if (SECONDS === 0) console.info('Not run: outages of every part of the services. `npm run test:services` runs them.');
else if (missingPackages.length > 0)
  console.info(`Not run: \`apt-get install ${missingPackages.join(' ')}\` brings what the services need.`);

/** What came of a purchase: the newest answer that says so. */
interface Purchase {
  buyer: Person;
  key: string;
  isPlaced: boolean;
}

describe.runIf(SECONDS > 0 && missingPackages.length === 0)(`purchases go on while a part is away for ${SECONDS} s`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'souk-outages-'));
  let database: TestPostgres;
  let whole: Whole;
  let books: Invariants;
  let buyers: Person[];
  let product: string;
  let souk: Composition;

  beforeAll(async () => {
    database = await openTestPostgres(folder, { synchronous_commit: 'on' }); // what was committed outlives its processes
    await onServer(database.url, 'create database outages template souk_template');
    const url = Object.assign(new URL(database.url), { pathname: '/outages' }).href;
    souk = await openSouk(testSettings(), { databaseUrl: url });
    whole = await startWhole(url, { replicas: 1, env: { RATE_LIMITS: 'off' } });
    books = openInvariants(url);
    const ask = <T>(module: string, operation: string, input: unknown) =>
      souk.runtime.ask('kernel', module, operation, input, systemScope) as Promise<T>;
    const everyone = people({ call: whole.call, ask });
    const admin = await everyone.admin();
    product = await admin.lists({ name: 'Bulb', price: usd(1_00), stock: 1_000_000 });
    buyers = await Promise.all(Array.from({ length: BUYERS }, (_, index) => everyone.person(`buyer-${index}`)));
    for (const buyer of buyers) expect((await buyer.charge(usd(100_000_00))).status).toBe(201);
  }, 180_000);

  afterAll(async () => {
    await books?.close();
    await souk?.stop();
    await whole?.stop();
    await database?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const buys = ({ buyer, key }: Purchase) =>
    buyer
      .post('/v1/orders', { items: [{ productId: product, quantity: 1 }] }, { 'idempotency-key': key })
      .catch((error: Error) => ({ status: 0, body: { code: error.message } }));

  /**
   * Buyers buy one thing after the other while the part is away, until purchases are placed again and a moment longer.
   * @returns what they did, all they were answered, and how long after the outage the first purchase was placed.
   */
  async function shopDuring(
    outage: () => Promise<void>,
  ): Promise<{ purchases: Purchase[]; answers: Map<string, number>; firstMs: number }> {
    const purchases: Purchase[] = [];
    const answers = new Map<string, number>();
    let isOver = false;
    let backAt = Infinity;
    const first = Promise.withResolvers<number>();
    const shopping = buyers.map(async (buyer) => {
      while (!isOver) {
        const purchase: Purchase = { buyer, key: randomUUID(), isPlaced: false };
        purchases.push(purchase);
        const sentAt = performance.now();
        const { status, body } = await buys(purchase);
        if (status === 201 && sentAt > backAt) first.resolve(performance.now() - backAt);
        const answer = status === 201 ? 'placed' : `${status} ${body.code}`;
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
        if (status !== 201) await sleep(100);
      }
    });
    await sleep(500);
    await outage();
    backAt = performance.now();
    const firstMs = await Promise.race([first.promise, sleep(RECOVERY_MS, Infinity)]);
    await sleep(1000);
    isOver = true;
    await Promise.all(shopping);
    return { purchases, answers, firstMs };
  }

  const away = () => sleep(SECONDS * 1000);
  const killed = (name: string) => async () => {
    await whole.local.named(name).kill();
    await away();
    await whole.local.named(name).start();
  };
  const stopped = (part: { signal(name: NodeJS.Signals): void }) => async () => {
    part.signal('SIGSTOP');
    await away();
    part.signal('SIGCONT');
  };

  test.each([
    ['the service with the wallet is killed', () => killed('customers')()],
    ['the service with the inventory is killed', () => killed('inventory')()],
    ['the service with the wallet stands still', () => stopped(whole.local.named('customers'))()],
    ['the broker stands still', () => stopped(whole.rabbit)()],
    ['the cache stands still', () => stopped(whole.redis)()],
    [
      'the gateway is killed',
      async () => {
        await whole.gateway.kill();
        await away();
        await whole.gateway.start();
      },
    ],
    [
      'PostgreSQL stands still',
      async () => {
        const pids = database.processes();
        for (const pid of pids) process.kill(pid, 'SIGSTOP');
        await away();
        for (const pid of pids) process.kill(pid, 'SIGCONT');
      },
    ],
    ['PostgreSQL is killed', () => database.outage(away)],
  ])(
    '%s: no order, cent or unit is lost or doubled, and everything recovers by itself',
    async (name, outage) => {
      const { purchases, answers, firstMs } = await shopDuring(outage);
      process.stdout.write(
        `  ${name}: ${purchases.length} purchases; ${[...answers].map(([answer, times]) => `${times} ${answer}`).join(', ')}; the first after ${Math.round(firstMs)} ms\n`,
      );

      const away = name.startsWith('the gateway') ? /^0 / : /^never$/;
      const unclear = [...answers.keys()].filter(
        (answer) => !['placed', '503 unavailable', '409 still-running'].includes(answer) && !away.test(answer),
      );
      expect(unclear).toEqual([]);
      expect(firstMs).toBeLessThan(FIRST_PURCHASE_MS);
      for (const purchase of purchases)
        await expect.poll(async () => (await buys(purchase)).status, { timeout: RECOVERY_MS, interval: 200 }).toBe(201);
      await expect.poll(() => books.unfinished(), { timeout: RECOVERY_MS, interval: 500 }).toEqual([]);
      await expect.poll(() => books.faults(), { timeout: RECOVERY_MS, interval: 1000 }).toEqual([]);
    },
    RECOVERY_MS * 3 + SECONDS * 1000,
  );
});
