import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { redisIsHere, startRedis } from '../../../infra/local/redis.ts';
import { memoryCache } from './memory.ts';
import type { Cache, OpenCache } from './port.ts';
import { redisCache } from './redis.ts';

const log = pino({ level: 'silent' });
const onStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of onStop.splice(0).reverse()) await stop();
});

const adapters: { name: string; open(): Promise<OpenCache> }[] = [{ name: 'memory', open: async () => memoryCache }];
if (redisIsHere) adapters.push({ name: 'Redis', open: async () => redisCache((await redis()).url) });
else process.stderr.write('Redis is not installed: its cache is not tried. apt-get install redis-server brings it.\n');

async function redis() {
  const server = await startRedis();
  onStop.push(server.stop);
  return server;
}

async function started(open: OpenCache): Promise<Cache> {
  const cache = await open({ log });
  onStop.push(cache.stop);
  await cache.start();
  return cache;
}

describe.each(adapters)('a cache in $name', ({ open }) => {
  test('counts each key of a limit by itself, says what is left, and refuses what is over', async () => {
    const limiter = (await started(await open())).limiter('doors', 2, 60);
    expect(await limiter.count('a')).toMatchObject({ allowed: true, remaining: 1 });
    expect(await limiter.count('b')).toMatchObject({ allowed: true, remaining: 1 });
    expect(await limiter.count('a')).toMatchObject({ allowed: true, remaining: 0 });
    const over = await limiter.count('a');
    expect(over).toMatchObject({ allowed: false, remaining: 0 });
    expect(over.resetMs).toBeGreaterThan(50_000);
    expect(over.resetMs).toBeLessThanOrEqual(60_000);
  });

  test('starts to count again when the time is over', async () => {
    const limiter = (await started(await open())).limiter('doors', 1, 1);
    expect(await limiter.count('a')).toMatchObject({ allowed: true });
    expect(await limiter.count('a')).toMatchObject({ allowed: false });
    await expect.poll(async () => (await limiter.count('a')).allowed, { interval: 300, timeout: 5000 }).toBe(true);
  });

  test('loses no call of many at once', async () => {
    const limiter = (await started(await open())).limiter('doors', 10, 60);
    const counts = await Promise.all(Array.from({ length: 50 }, () => limiter.count('a')));
    expect(counts.filter(({ allowed }) => allowed)).toHaveLength(10);
  });
});

describe.runIf(redisIsHere)('a cache in Redis', () => {
  test('counts for two processes together', async () => {
    const { url } = await redis();
    const [one, other] = [await started(redisCache(url)), await started(redisCache(url))];
    await one.limiter('doors', 2, 60).count('a');
    await other.limiter('doors', 2, 60).count('a');
    expect(await one.limiter('doors', 2, 60).count('a')).toMatchObject({ allowed: false });
  });

  test('shares texts for a moment, by its own clock', async () => {
    const { url } = await redis();
    const [one, other] = [(await started(redisCache(url))).shared!, (await started(redisCache(url))).shared!];
    const { askedAt } = (await one.find('page'))!;
    await one.put('page', '{"a": "b c"}\nd', askedAt, 1000);
    const { stored } = (await other.find('page'))!;
    expect(stored).toMatchObject({ value: '{"a": "b c"}\nd' });
    expect(stored!.ageMs).toBeGreaterThan(0);
    expect(stored!.ageMs).toBeLessThan(500);
    await one.put('late', 'from before', askedAt - 1000, 1000);
    await one.put('early', 'by a clock that was set back since', askedAt + 10_000, 1000);
    expect((await other.find('late'))!.stored).toBeUndefined();
    expect((await other.find('early'))!.stored).toBeUndefined();
    await expect.poll(async () => (await other.find('page'))!.stored, { interval: 50, timeout: 2000 }).toBeUndefined();
  });

  test('that hangs stores nothing late, and is not waited for', async () => {
    const server = await redis();
    const { shared } = await started(redisCache(server.url));
    const { askedAt } = (await shared!.find('page'))!;
    server.signal('SIGSTOP');
    const began = performance.now();
    const putting = shared!.put('page', 'old by now', askedAt, 200);
    expect(await shared!.find('page')).toBeUndefined();
    await putting;
    expect(performance.now() - began).toBeLessThan(600);
    await new Promise((resolve) => setTimeout(resolve, 250)); // until its life is over
    server.signal('SIGCONT');
    await expect.poll(() => shared!.find('page'), { timeout: 5000 }).toMatchObject({ stored: undefined });
  });

  test('that hangs delays nobody for long, is left alone, and counts again when it answers', async () => {
    const server = await redis();
    const cache = await started(redisCache(server.url));
    const limiter = cache.limiter('doors', 3, 60);
    await limiter.count('a');
    server.signal('SIGSTOP');
    const began = performance.now();
    const allowed: boolean[] = [];
    for (let n = 0; n < 20; n++) allowed.push((await limiter.count('a')).allowed);
    expect(performance.now() - began).toBeLessThan(1500);
    expect(allowed.filter(Boolean)).toHaveLength(3); // this process counts by itself
    expect(cache.state()).toBe('away');
    server.signal('SIGCONT');
    await expect.poll(() => limiter.count('b').then(cache.state), { timeout: 10_000 }).toBe('ok');
  });

  test('that is not there is no reason not to start', async () => {
    const cache = await started(redisCache('redis://127.0.0.1:1'));
    expect(cache.state()).toBe('away');
    expect(await cache.limiter('doors', 1, 60).count('a')).toMatchObject({ allowed: true });
    expect(await cache.limiter('doors', 1, 60).count('a')).toMatchObject({ allowed: true }); // each limiter has memory of its own
  });
});
