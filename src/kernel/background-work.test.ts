import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { pgBossQueue } from '#adapters/queue/pg-boss.ts';
import type { OpenQueue, QueueEngine } from '#adapters/queue/port.ts';
import { orderPlaced } from '#orders';
import { usd } from '../../test/people.ts';
import { readableLog } from '../../test/readable-log.ts';
import { ask, atWork, workshop } from '../../test/workshop.ts';
import { type World, world } from '../../test/world.ts';
import { noTracing } from '../adapters/tracing/none.ts';
import { modules } from '../modules/index.ts';
import type { BaseContext } from './context.ts';
import { sql } from './database.ts';
import { emit, enqueue, event, job, on, runs } from './events.ts';
import { remoteAsker } from './remote.ts';
import { anyone, post } from './routes.ts';
import { systemScope } from './runtime.ts';

const Numbered = z.object({ n: z.int() });

describe('a job', () => {
  const slow = job('workshop.slow', Numbered, { seconds: 2, parallel: 4 });

  test('is judged by its own time: of twenty that together take longer than the limit of one, each runs once', async () => {
    const ran: number[] = [];
    const run = async (_: BaseContext, { n }: { n: number }) => {
      ran.push(n);
      await sleep(500);
    };
    const w = await atWork(await world({ modules: [...modules, workshop({ jobs: [runs(slow, run)] })] }));
    await ask(w, async (tx) => {
      for (let n = 0; n < 20; n++) enqueue(tx, slow, { n });
    });
    await expect.poll(() => open(w), { timeout: 10_000 }).toBe(0);
    expect(ran.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  test('that takes too long fails alone, may write nothing any more, and is a dead letter in the end', async () => {
    const quick = job('workshop.late', Numbered, { seconds: 1, retries: 0, parallel: 2 });
    const wrote: string[] = [];
    const run = async (ctx: BaseContext, { n }: { n: number }) => {
      if (n > 0) return wrote.push(`done ${n}`);
      await sleep(1300);
      const late = await ctx.db.execute(sql`select 1`).catch((error: Error) => error.message);
      return wrote.push(`late: ${late}`);
    };
    const w = await atWork(await world({ modules: [...modules, workshop({ jobs: [runs(quick, run)] })] }));
    await ask(w, async (tx) => {
      for (const n of [0, 1, 2, 3]) enqueue(tx, quick, { n });
    });
    await expect.poll(() => [...wrote].sort(), { timeout: 5000 }).toEqual(['done 1', 'done 2', 'done 3', 'late: It took longer than 1 s.']);
    const tom = await w.admin();
    expect((await tom.get('/v1/dead-letters')).body.items).toMatchObject([{ queue: 'workshop.late', reason: 'It took longer than 1 s.' }]);
    expect((await w.get('/metrics')).body).toContain('souk_dead_letters 1');
  });

  test('learns by a signal that its time is over, and what it asks of another service ends with it', async () => {
    const waiting = createServer(() => {}).listen(0, '127.0.0.1');
    await once(waiting, 'listening');
    const { port } = waiting.address() as AddressInfo;
    const asking = job('workshop.asking', Numbered, { seconds: 1, retries: 0 });
    const told: string[] = [];
    const run = async (ctx: BaseContext) => {
      ctx.signal?.addEventListener('abort', () => told.push('over'));
      await remote('workshop', 'wallet', 'prove', {}, { ...systemScope, signal: ctx.signal }).catch(() => told.push('ended'));
    };
    const remote = remoteAsker({ wallet: `http://127.0.0.1:${port}` }, 'x'.repeat(32), noTracing, { breaker() {} });
    const w = await atWork(await world({ modules: [...modules, workshop({ jobs: [runs(asking, run)] })] }));
    const began = performance.now();
    await ask(w, async (tx) => enqueue(tx, asking, { n: 1 }));
    await expect.poll(() => told, { timeout: 4000 }).toEqual(['over', 'ended']);
    expect(performance.now() - began).toBeLessThan(4500); // without the signal it would be asked three times, for 5 s each
    waiting.closeAllConnections();
    waiting.close();
  });

  test('of a lane that is full keeps no work of another lane waiting', async () => {
    let release = () => {};
    const closed = new Promise<void>((resolve) => {
      release = resolve;
    });
    const mail = job('workshop.mail', Numbered, { lane: 'mail', parallel: 50 });
    const money = job('workshop.money', Numbered, { lane: 'money' });
    const counts = { mail: 0, money: 0 };
    const parts = workshop({
      jobs: [
        runs(mail, async () => {
          counts.mail++;
          await closed;
        }),
        runs(money, async () => counts.money++),
      ],
    });
    const w = await atWork(await world({ modules: [...modules, parts] }));
    await ask(w, async (tx) => {
      for (let n = 0; n < 30; n++) enqueue(tx, mail, { n });
    });
    await expect.poll(() => counts.mail).toBe(6);
    await ask(w, async (tx) => enqueue(tx, money, { n: 0 }));
    await expect.poll(() => counts.money, { timeout: 2000 }).toBe(1);
    expect(counts.mail).toBe(6);
    release();
    await expect.poll(() => counts.mail, { timeout: 5000 }).toBe(30);
  });
});

describe('an event', () => {
  test('that an older process relays reaches a subscription that only a newer one knows', async () => {
    const heard: string[] = [];
    const listening = workshop({
      subscriptions: [
        on(orderPlaced, async (_: BaseContext, events) => {
          heard.push(...events.map(({ payload }) => payload.orderId));
        }),
      ],
    });
    const older = await world();
    const lamp = await (await older.admin()).lists({ price: usd(20_00), stock: 5 });
    const bob = await older.buyer('bob', { balance: usd(100_00) });
    const newer = await older.sibling({}, { modules: [...modules, listening] });
    const order = await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] });
    await older.step(); // the older one empties the outbox
    expect(await older.sql('select 1 from kernel.outbox')).toEqual([]);
    expect(heard).toEqual([]);
    await newer.step();
    expect(heard).toEqual([order.body.id]);
  });

  const rung = event('workshop.rung', 1, z.object({ n: z.int() }));

  test('of a batch that fails while it cannot be split either is not lost', async () => {
    const heard: number[] = [];
    let failing = true;
    let splits = 0;
    const breaking: OpenQueue = (given): QueueEngine => {
      const engine = pgBossQueue(given);
      return {
        ...engine,
        async put(queue, messages, within) {
          if (queue.startsWith('workshop/') && !within && splits++ === 0) throw new Error('the database hiccups');
          return engine.put(queue, messages, within);
        },
      };
    };
    const react = async (_: BaseContext, events: { payload: { n: number } }[]) => {
      if (failing && events.length > 1) {
        failing = splits === 0;
        throw new Error('not all at once');
      }
      heard.push(...events.map(({ payload }) => payload.n));
    };
    const w = await world({ modules: [...modules, workshop({ subscriptions: [on(rung, react)] })], adapters: { openQueue: breaking } });
    await ask(w, async (tx) => {
      for (let n = 0; n < 5; n++) emit(tx, rung, 'bell', { n });
    });
    await w.step();
    expect(splits).toBeGreaterThan(0);
    expect(heard.sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test('costs the outbox no update: a row that was sent is gone, and no timer leaves more than one row', async () => {
    const w = await world({ modules: [...modules, workshop({ subscriptions: [on(rung, async () => {})] })] });
    await ask(w, async (tx) => {
      for (let n = 0; n < 200; n++) emit(tx, rung, 'bell', { n });
    });
    await w.step();
    const stats = async () =>
      (
        await w.sql(
          "select n_tup_del::int as deleted, n_tup_upd::int as updated from pg_stat_user_tables where schemaname = 'kernel' and relname = 'outbox'",
        )
      )[0];
    await expect.poll(async () => (await stats())?.deleted, { timeout: 15_000 }).toBeGreaterThanOrEqual(200);
    expect(await stats()).toMatchObject({ updated: 0 });
    expect(await w.sql('select 1 from kernel.outbox')).toEqual([]);
  });
});

test('from the log one can follow a request to the last job that it led to', async () => {
  const { log, lines } = readableLog();
  const rung = event('workshop.bell-rung', 1, Numbered);
  const answer = job('workshop.answer', Numbered);
  const write = job('workshop.write', Numbered);
  const parts = workshop({
    routes: [
      post('/bells', {
        summary: 'Ring',
        access: anyone,
        returns: z.object({}),
        problems: [],
        handle: async (ctx: BaseContext) => {
          await ctx.db.transaction(async (tx) => emit(tx, rung, 'bell', { n: 1 }));
          return {};
        },
      }),
    ],
    subscriptions: [
      on(rung, (ctx: BaseContext, events) =>
        ctx.db.transaction(async (tx) => {
          for (const { payload, cause } of events) enqueue(tx, answer, payload, { cause });
        }),
      ),
    ],
    jobs: [
      runs(answer, (ctx: BaseContext, input) => ctx.db.transaction(async (tx) => enqueue(tx, write, input))),
      runs(write, async (ctx: BaseContext) => ctx.log.info('an email was written')),
    ],
  });
  const w = await world({ modules: [...modules, parts], log });
  const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  for (const id of ['ring-1', 'ring-2']) await w.post('/v1/bells', {}, { 'x-request-id': id, traceparent: trace });
  await w.step();
  for (const id of ['ring-1', 'ring-2']) {
    const about = lines().filter(({ request }) => request === id);
    expect(about.map(({ queue, msg }) => queue ?? msg)).toEqual(['call', 'workshop.answer', 'an email was written', 'workshop.write']);
    expect(about.at(-1)).toMatchObject({ trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' });
  }
  expect(lines().find(({ requests }) => requests)).toMatchObject({
    queue: 'workshop/workshop.bell-rung.v1',
    requests: ['ring-1', 'ring-2'],
  });
});

test('what follows from a changed standing has the cause of that change, also where several arrive together', async () => {
  const answer = job('workshop.answer', z.object({ accountId: z.string() }));
  const react = (ctx: BaseContext, whose: { accountId: string }) => ctx.db.transaction(async (tx) => enqueue(tx, answer, whose));
  const parts = workshop({ standing: { suspended: react, reinstated: react }, jobs: [runs(answer, async () => {})] });
  const w = await world({ modules: [...modules, parts] });
  const [ann, bob, root] = [await w.person('ann'), await w.person('bob'), await w.admin()];
  for (const { id, username } of [ann, bob])
    await root.post(`/v1/users/${id}/suspension`, { suspended: true, reason: 'spam' }, { 'x-request-id': `suspends-${username}` });

  await w.step();

  expect(await w.sql("select request_id, actor_id, payload from told.outbox where name = 'workshop.answer' order by request_id")).toEqual([
    { request_id: 'suspends-ann', actor_id: root.id, payload: { accountId: ann.id } },
    { request_id: 'suspends-bob', actor_id: root.id, payload: { accountId: bob.id } },
  ]);
});

test('idle work costs as many statements with sixty queues more', async () => {
  const many = Array.from({ length: 60 }, (_, n) => job(`workshop.idle-${n}`, Numbered));
  const few = await atWork(await world());
  const lots = await atWork(await world({ modules: [...modules, workshop({ jobs: many.map((kind) => runs(kind, async () => {})) })] }));
  const sent = async (w: World) => Number(/^souk_sql_statements_total (\d+)/m.exec((await w.get('/metrics')).body as string)?.[1]);
  await sleep(2500); // the first turns of all timers
  const before = await Promise.all([few, lots].map(sent));
  await sleep(4000);
  const after = await Promise.all([few, lots].map(sent));
  const [fewSent = 0, lotsSent = 0] = after.map((count, index) => count - before[index]!);
  expect(fewSent).toBeGreaterThan(8);
  expect(Math.abs(lotsSent - fewSent)).toBeLessThan(40); // a poll per queue, each other second, would be 120 more
});

test('while many requests wait, the next one is refused at once with a time to come again, and background work goes on', async () => {
  const done: number[] = [];
  const note = job('workshop.note', Numbered);
  const parts = workshop({ jobs: [runs(note, async (ctx: BaseContext, { n }) => done.push(n + (await ctx.db.execute(sql`select 1`))))] });
  const w = await atWork(await world({ modules: [...modules, parts], env: { DATABASE_CONNECTIONS: '3', DATABASE_WAITING: '4' } }));
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const holders = [0, 1].map(() => ask(w, () => held));
  const waiting = [0, 1, 2, 3].map((n) => ask(w, async (tx) => enqueue(tx, note, { n })));
  await expect.poll(() => w.souk.pool.waiting()).toBe(4);

  const began = performance.now();
  const refused = await w.post('/v1/auth/sign-in', { username: 'bob', password: 'correct horse battery' });
  expect(refused).toBeProblem(503, 'unavailable');
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(performance.now() - began).toBeLessThan(1000);
  expect((await w.get('/readyz')).status).toBe(200);
  await w.sql(
    `insert into kernel.outbox (id, kind, name, payload, created_at) values (gen_random_uuid(), 'job', 'workshop.note', '{"n":9}', now())`,
  );
  await expect.poll(() => done, { timeout: 5000 }).toEqual([10]);

  release();
  await Promise.all([...holders, ...waiting]);
});

const open = async (w: World): Promise<number> =>
  (
    await w.sql<{ open: number }>(
      "select ((select count(*) from kernel.outbox) + (select count(*) from pgboss.job where name like 'workshop%' and state < 'completed'))::int as open",
    )
  )[0]!.open;

test('work of a queue that no module here knows is refused, and says so', async () => {
  const w = await world();
  await expect(w.souk.deliver('nobody.hears', [])).rejects.toThrow('No module of this process works on the queue nobody.hears.');
});
