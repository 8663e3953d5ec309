import { pino } from 'pino';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { rabbitIsHere, startRabbitMq } from '../../../infra/local/rabbitmq.ts';
import { type World, world } from '../../../test/world.ts';
import { pgBossQueue } from './pg-boss.ts';
import type { OpenQueue, QueueEngine, Work } from './port.ts';
import { rabbitQueue } from './rabbitmq.ts';

interface Adapter {
  name: string;
  /** Whether a message is put with the transaction of its caller, or not at all. */
  isTransactional: boolean;
  open(): Promise<OpenQueue>;
}

const adapters: Adapter[] = [{ name: 'pg-boss', isTransactional: true, open: async () => pgBossQueue }];
if (rabbitIsHere) adapters.push({ name: 'RabbitMQ', isTransactional: false, open: openRabbit });
else process.stderr.write('RabbitMQ is not installed: its queue is not tried. apt-get install rabbitmq-server brings it.\n');

async function openRabbit(): Promise<OpenQueue> {
  const server = await startRabbitMq();
  onStop.push(server.stop);
  return rabbitQueue(server.url);
}

const onStop: (() => Promise<void>)[] = [];

const row = (subject: string): Work => ({
  id: newId(),
  seq: 1,
  kind: 'job',
  name: 'bells',
  subject,
  payload: { subject },
  created_at: new Date(),
});

describe.each(adapters)('a queue by $name', ({ open, isTransactional }) => {
  let w: World;
  let engine: QueueEngine;
  let number = 0;
  let queue: string;

  beforeAll(async () => {
    w = await world();
    const openQueue = await open();
    engine = openQueue({ sql: w.souk.pool, log: pino({ level: 'silent' }) });
    await engine.start();
    return async () => {
      await engine.stop();
      for (const stop of onStop.splice(0)) await stop();
    };
  });

  const declared = async (policy = { seconds: 30, retries: 1, retryDelaySeconds: 0 }): Promise<void> => {
    queue = `bells-${number++}`;
    await engine.declare(new Map([[queue, policy]]));
  };
  const takeOne = async () => (await engine.take(queue, 1))[0]!;
  const subjectsOf = (rows: readonly { subject: string | null }[]) => rows.map(({ subject }) => subject);

  test('hands out messages oldest first, each to one taker, until it is done', async () => {
    await declared();
    for (const name of ['a', 'b', 'c']) await engine.put(queue, [[row(name)]]);
    const [first, second] = [await takeOne(), await takeOne()];
    expect(subjectsOf([...first.rows, ...second.rows])).toEqual(['a', 'b']);
    await engine.done(queue, first);
    await engine.done(queue, second);
    expect(subjectsOf((await engine.take(queue, 10)).flatMap(({ rows }) => rows))).toEqual(['c']);
    expect(await engine.take(queue, 10)).toEqual([]);
  });

  test('says which queues have something, of those it is asked about', async () => {
    await declared();
    const empty = queue;
    await declared();
    await engine.put(queue, [[row('a')]]);
    expect(await engine.due([empty, queue, 'unknown'])).toEqual([queue]);
    expect(await engine.due([empty])).toEqual([]);
    await takeOne();
    expect(await engine.due([queue])).toEqual([]);
  });

  test('counts what waits in a queue, and removes a queue with it', async () => {
    await declared();
    for (const name of ['a', 'b']) await engine.put(queue, [[row(name)]]);
    await expect.poll(async () => (await engine.waiting([queue])).get(queue)).toBe(2);
    expect(await engine.remove(queue)).toBe(2);
    await engine.put(queue, [[row('c')]]);
    expect(subjectsOf((await takeOne()).rows)).toEqual(['c']);
  });

  test('hands out again what failed, and at the end keeps it as a dead letter that can be tried again', async () => {
    await declared();
    const before = await engine.deadLetters.count();
    await engine.put(queue, [[row('a'), row('b')]]);
    await engine.failed(queue, await takeOne(), 'first');
    await engine.failed(queue, await takeOne(), 'second');
    expect(await engine.take(queue, 1)).toEqual([]);
    expect(await engine.deadLetters.count()).toBe(before + 1);
    const [letter] = await engine.deadLetters.list({ limit: 1 });
    expect(letter).toMatchObject({ queue, reason: 'second', tries: 2, subjects: ['a', 'b'] });
    expect(await engine.deadLetters.retry(letter!.id)).toBe(true);
    expect(await engine.deadLetters.retry(newId())).toBe(false);
    expect(subjectsOf((await takeOne()).rows)).toEqual(['a', 'b']);
  });

  test('lists dead letters page by page, of one queue or of all', async () => {
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      await declared({ seconds: 30, retries: 0, retryDelaySeconds: 0 });
      await engine.put(queue, [[row(name)]]);
      await engine.failed(queue, await takeOne(), name);
      ids.unshift((await engine.deadLetters.list({ limit: 1 }))[0]!.id);
    }
    const [first, ...others] = await engine.deadLetters.list({ limit: 3 });
    expect([first, ...others].map((letter) => letter!.id)).toEqual(ids);
    const after = { at: first!.position, id: first!.id };
    expect((await engine.deadLetters.list({ limit: 2, after })).map(({ id }) => id)).toEqual(ids.slice(1));
    expect((await engine.deadLetters.list({ limit: 9, queue })).map(({ id, reason }) => [id, reason])).toEqual([[ids[0], 'c']]);
  });

  test('tells what it holds about an id, where it can look into its queues, and else says that it cannot', async () => {
    await declared({ seconds: 30, retries: 1, retryDelaySeconds: 0 });
    const [order, other] = [newId(), newId()];
    await engine.put(queue, [[row(order)], [row(other)], [{ ...row(other), payload: { of: [order] }, name: 'horns', kind: 'event' }]]);
    const taken = await takeOne();
    await engine.done(queue, await takeOne());
    await engine.failed(queue, taken, 'first');
    const { work, isComplete } = await engine.about(order, 10);
    expect(isComplete).toBe(isTransactional);
    if (isComplete)
      expect(work.toSorted((a, b) => b.tries - a.tries)).toMatchObject([
        { queue, kind: 'job', names: ['bells'], state: 'waiting', tries: 1, reason: 'first' },
        { queue, kind: 'event', names: ['horns'], state: 'waiting', tries: 0, reason: null },
      ]);
    else expect(work).toEqual([]);
    const again = (await engine.take(queue, 5)).find(({ rows }) => rows[0]!.subject === order)!;
    await engine.failed(queue, again, 'second');
    const [dead] = (await engine.about(order, 10)).work.filter(({ state }) => state === 'dead letter');
    expect(dead).toMatchObject({ queue, kind: 'job', names: ['bells'], tries: 2, reason: 'second', at: expect.any(Date) });
  });

  test('takes no late answer: a message that was handed out again is not ended by who had it before', async () => {
    await declared();
    await engine.put(queue, [[row('a')]]);
    const before = await takeOne();
    await engine.takeOver(); // its process was taken for dead
    const again = await takeOne();
    await engine.done(queue, before);
    await engine.failed(queue, again, 'it was still in hand');
    expect(await engine.due([queue])).toEqual([]);
    expect((await engine.deadLetters.list({ limit: 1 }))[0]).toMatchObject({ queue, tries: 2 });
  });

  test('delays a retry on request', async () => {
    await declared({ seconds: 30, retries: 3, retryDelaySeconds: 60 });
    await engine.put(queue, [[row('a')]]);
    await engine.failed(queue, await takeOne(), 'not now');
    expect(await engine.due([queue])).toEqual([]);
  });

  test('stores what is put into a queue that nobody has declared here', async () => {
    queue = `bells-${number++}`;
    await engine.put(queue, [[row('a')]]);
    expect(subjectsOf((await takeOne()).rows)).toEqual(['a']);
  });

  test.runIf(isTransactional)('puts nothing when the transaction that it is handed does not commit', async () => {
    await declared();
    await w.souk.pool
      .handle('kernel')
      .transaction(async (tx) => {
        await engine.put(queue, [[row('a')]], tx);
        throw new Error('no');
      })
      .catch(() => {});
    expect(await engine.due([queue])).toEqual([]);
  });
});
