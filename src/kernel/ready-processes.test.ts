import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { redisCache } from '#adapters/cache/redis.ts';
import { redisIsHere, startRedis } from '../../infra/local/redis.ts';
import { usd } from '../../test/people.ts';
import { type World, world } from '../../test/world.ts';

const price = async (from: Pick<World, 'get'>, path: string): Promise<number> =>
  ((body) => (body.items ? body.items[0] : body).price.amount)((await from.get(path)).body);
/** Asks until the price is the new one. @returns how long after `since` the last call began that was told an old one. */
async function oldForMs(from: Pick<World, 'get'>, path: string, amount: number, since: number): Promise<number> {
  let oldMs = 0;
  for (;;) {
    const began = performance.now();
    if ((await price(from, path)) === amount) return oldMs;
    oldMs = began - since;
    await sleep(10);
  }
}

const statementsOf = async (path: string, of: World): Promise<number> => (await of.statements(() => of.get(path))).length;

test('a changed price is seen in every process within a second, whether or not it hears of it', async () => {
  const w = await world();
  const sue = await w.seller('sue');
  const lamp = await sue.lists({ name: 'Lamp', price: usd(10_00) });
  const path = `/v1/products/${lamp}`;
  const [other, sibling] = [await w.process(), await w.sibling()];
  for (const amount of [21_00, 22_00, 23_00]) {
    await Promise.all([price(other, path), price(sibling, path), price(other, `/v1/products?sellerId=${sue.id}&sort=name`)]);
    await sue.patch(`/v1/products/${lamp}`, { price: usd(amount) });
    const changedAt = performance.now();
    expect(await price(w, path)).toBe(amount);
    for (const process of [other, sibling])
      for (const path of [`/v1/products/${lamp}`, `/v1/products?sellerId=${sue.id}&sort=name`])
        expect(await oldForMs(process, path, amount, changedAt)).toBeLessThan(1000);
  }
  await price(other, path);
  await w.sql("update catalog.products set state = 'paused' where id = $1", [lamp]); // nobody tells
  await expect.poll(async () => (await other.get(`/v1/products/${lamp}`)).status, { interval: 20, timeout: 3000 }).toBe(404);
}, 60_000);

describe.runIf(redisIsHere)('with Redis', () => {
  test('a page that one process has made is there for all, and a change is seen by all; without Redis too', async () => {
    const redis = await startRedis();
    const openCache = redisCache(redis.url);
    const one = await world({ adapters: { openCache } });
    const two = await one.sibling({}, { adapters: { openCache } });
    const ann = await one.seller('ann');
    const cup = await ann.lists({ name: 'Cup', price: usd(5_00) });
    const path = `/v1/products/${cup}`;
    await expect.poll(async () => (await price(one, path)) + (await statementsOf(path, two)), { interval: 30 }).toBe(5_00);
    const changeAndSee = async (amount: number) => {
      await Promise.all([price(one, path), price(two, path)]);
      await ann.patch(path, { price: usd(amount) });
      const changedAt = performance.now();
      expect(await price(one, path)).toBe(amount);
      expect(await oldForMs(two, path, amount, changedAt)).toBeLessThan(1000);
    };
    await changeAndSee(6_00);
    const load = async () => {
      const statuses = [];
      for (let n = 0; n < 200; n++)
        for (const from of [one, two]) statuses.push((await from.get(`/v1/products?limit=${1 + (n % 50)}`)).status);
      return statuses;
    };
    const loading = load();
    await redis.stop();
    await changeAndSee(7_00);
    await changeAndSee(8_00);
    expect(new Set(await loading)).toEqual(new Set([200]));
  });
});
