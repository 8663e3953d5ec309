import { describe, expect, test } from 'vitest';
import { redisCache } from '#adapters/cache/redis.ts';
import { redisIsHere, startRedis } from '../../infra/local/redis.ts';
import { world } from '../../test/world.ts';

test('a process that lacks nothing is ready, and misses nothing', async () => {
  const w = await world();
  expect((await w.get('/readyz')).body).toEqual({ status: 'ok', missing: [] });
  expect((await w.get('/health')).body.checks).toEqual({ database: 'ok', signals: 'ok', queue: 'ok', cache: 'ok', draining: false });
});

describe.runIf(redisIsHere)('a process whose cache is gone', () => {
  test('is ready all the same, and names it', async () => {
    const redis = await startRedis();
    const w = await world({ adapters: { openCache: redisCache(redis.url) } });
    expect((await w.get('/readyz')).body).toEqual({ status: 'ok', missing: [] });
    await redis.stop();
    await expect.poll(async () => (await w.get('/readyz')).body).toEqual({ status: 'ok', missing: [{ part: 'cache', seconds: 0 }] });
    w.clock.advance(5000);
    expect((await w.get('/readyz')).body.missing).toEqual([{ part: 'cache', seconds: 5 }]);
    expect((await w.get('/v1/products')).status).toBe(200);
  });
});
