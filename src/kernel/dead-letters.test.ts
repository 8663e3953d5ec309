import { beforeAll, expect, test } from 'vitest';
import { type World, world } from '../../test/world.ts';

let w: World;
beforeAll(async () => {
  w = await world();
});

test('events and jobs that fail at every attempt become dead letters, which staff can read and retry', async () => {
  const admin = await w.admin();
  await w.sql(
    `insert into kernel.outbox (id, kind, name, payload, created_at) values (gen_random_uuid(), 'job', 'wallet.pay-back', '{"deductionId":"not an id"}', now())`,
  );
  for (let turn = 0; turn < 12; turn++) await w.step();
  const { items } = (await admin.get('/v1/dead-letters')).body;
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({ queue: 'wallet.pay-back', tries: expect.any(Number) });
  expect((await admin.post(`/v1/dead-letters/${items[0].id}/retry`)).body).toEqual({ retried: 1 });
  expect((await admin.get('/v1/dead-letters')).body.items).toEqual([]);
  expect(await admin.post(`/v1/dead-letters/${items[0].id}/retry`)).toBeProblem(404, 'not-found');
  expect(await (await w.person('nosy')).get('/v1/dead-letters')).toBeProblem(403, 'forbidden');
  expect(await (await w.person('nosey')).post('/v1/dead-letters/retry', {})).toBeProblem(403, 'forbidden');
});

test('dead letters are paged and retried together, of one queue or of all, up to 200 in a call', async () => {
  const admin = await w.admin();
  await admin.post('/v1/dead-letters/retry', {});
  await w.sql(
    `insert into pgboss.job (name, data, source_name, source_retry_count, created_on)
     select 'dead-letters', '{"rows": []}', (array['wallet.pay-back', 'orders.give-back', 'catalog/inventory.levels-changed.v1'])[n % 3 + 1], 8, now() - n * interval '1 second' from generate_series(1, 203) as n`,
  );
  const first = (await admin.get('/v1/dead-letters?limit=2')).body;
  expect(first.items.map(({ queue, tries }: { queue: string; tries: number }) => [queue, tries])).toEqual([
    ['orders.give-back', 9],
    ['catalog/inventory.levels-changed.v1', 9],
  ]);
  expect((await admin.get(`/v1/dead-letters?limit=1&cursor=${first.nextCursor}`)).body.items[0].queue).toBe('wallet.pay-back');
  const ofOne = (await admin.get('/v1/dead-letters?limit=100&queue=wallet.pay-back')).body;
  expect([ofOne.items.length, ofOne.nextCursor]).toEqual([67, null]);
  expect(await admin.get(`/v1/dead-letters?queue=wallet.pay-back&cursor=${first.nextCursor}`)).toBeProblem(400, 'malformed');

  expect((await admin.post('/v1/dead-letters/retry', {})).body).toEqual({ retried: 200, isMore: true });
  expect((await admin.post('/v1/dead-letters/retry', { queue: 'wallet.pay-back' })).body).toEqual({ retried: 1, isMore: false });
  expect((await admin.post('/v1/dead-letters/retry', {})).body).toEqual({ retried: 2, isMore: false });
  expect((await admin.get('/v1/dead-letters')).body.items).toEqual([]);
  expect((await admin.get('/v1/audit?operation=postDeadLettersRetry&limit=1')).body.items).toMatchObject([{ outcome: 'done' }]);
});
