import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Connection } from 'rabbitmq-client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { BaseContext } from '#kernel/context.ts';
import { emit, enqueue, event, job, on, runs } from '#kernel/events.ts';
import { newId } from '#kernel/ids.ts';
import { type RabbitMq, rabbitIsHere, startRabbitMq } from '../../../infra/local/rabbitmq.ts';
import { ask, atWork, workshop } from '../../../test/workshop.ts';
import { type World, world } from '../../../test/world.ts';
import { modules } from '../../modules/index.ts';
import type { QueueEngine, QueuePolicy, Work } from './port.ts';
import { rabbitQueue } from './rabbitmq.ts';

const policy: QueuePolicy = { seconds: 30, retries: 1, retryDelaySeconds: 0, parallel: 1 };
const row = (subject: string): Work => ({
  id: newId(),
  seq: 1,
  kind: 'event',
  name: 'bells.rung.v1',
  subject,
  payload: {},
  created_at: new Date(),
});

describe.runIf(rabbitIsHere)('a queue of RabbitMQ', () => {
  let w: World;
  let server: RabbitMq;
  const engines: QueueEngine[] = [];

  beforeAll(async () => {
    [w, server] = await Promise.all([world(), startRabbitMq()]);
  });
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.stop();
  });
  afterAll(() => server.stop());

  const open = async (queue: string, arrived?: () => void): Promise<QueueEngine> => {
    const engine = rabbitQueue(server.url)({ sql: w.souk.pool, log: pino({ level: 'silent' }), ...(arrived ? { arrived } : {}) });
    engines.push(engine);
    await engine.start();
    await engine.declare(new Map([[queue, policy]]));
    return engine;
  };
  const subjects = async (engine: QueueEngine, queue: string): Promise<(string | null)[]> => {
    const messages = await engine.take(queue, 10);
    for (const message of messages) await engine.done(queue, message);
    return messages.flatMap(({ rows }) => rows.map(({ subject }) => subject));
  };

  test('buries what is no message of Souk, and goes on with the next one', async () => {
    const engine = await open('poisoned');
    const outside = new Connection(server.url);
    const publisher = outside.createPublisher({ confirm: true });
    await publisher.send({ exchange: 'souk', routingKey: 'poisoned' }, '{"rows": [{');
    await publisher.close();
    await outside.close();
    await engine.put('poisoned', [[row('a')]]);
    const got: (string | null)[] = [];
    await expect.poll(async () => got.push(...(await subjects(engine, 'poisoned')))).toBe(1);
    expect(got).toEqual(['a']);
    expect((await engine.deadLetters.list({ limit: 1 }))[0]).toMatchObject({
      queue: 'poisoned',
      reason: expect.stringContaining('{"rows": [{'),
    });
  });

  test('of a subscription is worked on by one process, in order, and by the other one once that is gone', async () => {
    const queue = 'bells/bells.rung.v1';
    const first = await open(queue);
    expect(await first.take(queue, 1)).toEqual([]);
    const second = await open(queue);
    await first.put(queue, [[row('a')], [row('b')]]);
    expect(await subjects(second, queue)).toEqual([]);
    expect(await subjects(first, queue)).toEqual(['a']);
    await first.stop();
    const got: (string | null)[] = [];
    await expect.poll(async () => got.push(...(await subjects(second, queue))), { timeout: 5000 }).toBe(1);
    expect(got).toEqual(['b']);
  });

  test('calls the process that consumes it when something arrives', async () => {
    let times = 0;
    const engine = await open('called', () => times++);
    expect(await engine.due(['called'])).toEqual([]);
    await (await open('another')).put('called', [[row('a')]]);
    await expect.poll(() => times).toBe(1);
  });

  const deletes = async (queue: string): Promise<void> => {
    const outside = new Connection(server.url);
    await outside.queueDelete(queue);
    await outside.close();
  };

  test('that was deleted at the broker takes no message for sent, and is made again', async () => {
    const engine = await open('deleted');
    await deletes('deleted');
    await expect(engine.put('deleted', [[row('a')]])).rejects.toThrow('RabbitMQ has no queue deleted.');
    await engine.put('deleted', [[row('b')]]);
    await expect.poll(() => subjects(engine, 'deleted'), { timeout: 10_000 }).toEqual(['b']);
  });

  test('that was deleted while it is consumed is consumed again', async () => {
    const engine = await open('consumed');
    expect(await engine.take('consumed', 1)).toEqual([]);
    await deletes('consumed');
    await expect(engine.take('consumed', 1)).rejects.toThrow('NOT_FOUND');
    await expect.poll(() => engine.put('consumed', [[row('a')]]).then(() => 'put', String), { timeout: 10_000 }).toBe('put'); // as the relay does
    await expect.poll(() => subjects(engine, 'consumed'), { timeout: 10_000 }).toEqual(['a']);
  });

  test('refuses a message while the broker hangs, and holds all that it confirmed when that goes on', async () => {
    const engine = await open('hanging');
    await engine.put('hanging', [[row('a')]]);
    server.signal('SIGSTOP');
    await expect(engine.put('hanging', [[row('b')]])).rejects.toThrow('RabbitMQ did not confirm a message for hanging.');
    server.signal('SIGCONT');
    await expect.poll(() => engine.put('hanging', [[row('c')]]).then(() => 'put', String), { timeout: 20_000 }).toBe('put');
    const got: (string | null)[] = [];
    await expect.poll(async () => got.push(...(await subjects(engine, 'hanging'))) && got.includes('c'), { timeout: 10_000 }).toBe(true);
    expect(got[0]).toBe('a');
  });

  test('carries the events and jobs of Souk, each acted on once and in order, through a broker that stops for a while', async () => {
    const Numbered = z.object({ n: z.int() });
    const rung = event('workshop.rung', 1, Numbered);
    const polish = job('workshop.polish', Numbered);
    const heard: number[] = [];
    const polished: number[] = [];
    const parts = {
      subscriptions: [on(rung, async (_: BaseContext, events) => void heard.push(...events.map(({ payload }) => payload.n)))],
      jobs: [runs(polish, async (_: BaseContext, { n }) => polished.push(n))],
    };
    const souk = await atWork(await world({ modules: [...modules, workshop(parts)], adapters: { openQueue: rabbitQueue(server.url) } }));
    const tell = (from: number, to: number) =>
      ask(souk, async (tx) => {
        for (let n = from; n < to; n++) emit(tx, rung, 'bell', { n });
        enqueue(tx, polish, { n: from });
      });
    const figures = async () => (await souk.get('/metrics')).body as string;
    await tell(0, 150);
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(150);
    server.signal('SIGSTOP');
    await tell(150, 300);
    await sleep(1000);
    expect(await figures()).toMatch(/^souk_outbox_oldest_seconds (?!nan)/im); // a broker that hangs holds up no other figure
    server.signal('SIGCONT');
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(300);
    await expect.poll(figures, { timeout: 20_000 }).toContain('souk_queue_waiting{queue="workshop.polish"} 0');
    expect(heard).toEqual(Array.from({ length: 300 }, (_, n) => n));
    await expect.poll(() => [...new Set(polished)]).toEqual([0, 150]);
    expect(await souk.sql('select count(*)::int as count from kernel.outbox')).toEqual([{ count: 0 }]);
  });
});
