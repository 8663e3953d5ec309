import { beforeAll, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
beforeAll(async () => {
  w = await world();
});

const ask = (operation: string, input: unknown) => w.ask('inventory', operation, input);
const onHand = async (variantId: string) =>
  (await w.ask<{ onHand: number }[]>('inventory', 'levels', { variantIds: [variantId] }))[0]!.onHand;

async function sold(units: number): Promise<{ variantId: string; order: string }> {
  const [variantId, order] = [newId(), newId()];
  await ask('open', { variants: [{ variantId, onHand: 10 }] });
  await ask('take', { key: order, lines: [{ variantId, quantity: units }] });
  return { variantId, order };
}

test('sold units come back once per key, however often and at once it is said, with the reason in the history', async () => {
  const { variantId, order } = await sold(4);
  const given = {
    key: newId(),
    of: order,
    lines: [
      { variantId, quantity: 1 },
      { variantId, quantity: 2 },
    ],
    reason: 'returned',
  }; // prettier-ignore

  await Promise.all(Array.from({ length: 20 }, () => ask('putBack', given)));
  await ask('putBack', { ...given, lines: [{ variantId, quantity: 4 }] });

  expect(await onHand(variantId)).toBe(9);
  const history = await w.ask<object[]>('inventory', 'movements', { variantIds: [variantId], after: null, limit: 9 });
  expect(history).toMatchObject([{ change: 3, onHand: 9, reason: 'returned' }, { change: -4, reason: 'sold' }, { change: 10 }]);
  expect(await w.sql('select variant_ids, quantities::int[] from inventory.put_backs where reservation = $1', [order])).toEqual([
    { variant_ids: [variantId], quantities: [3] },
  ]);
  await ask('putBack', { key: newId(), lines: [{ variantId, quantity: 1 }], reason: 'cancelled' });
  expect(await onHand(variantId)).toBe(10);
});

test('who hears of levels hears of units that come back', async () => {
  const { variantId, order } = await sold(4);
  await w.step();
  await ask('putBack', { key: newId(), of: order, lines: [{ variantId, quantity: 4 }], reason: 'cancelled' });
  await w.step();
  const [told] = await w.sql<{ payload: object }>(
    "select payload from told.outbox where name = 'inventory.levels-changed.v1' and subject = $1 order by seq desc limit 1",
    [order],
  );
  expect(told!.payload).toEqual({ levels: [{ variantId, available: 10, version: 3 }] });
});

test('lines that go both ways at once end without a deadlock, and a variant without stock changes nothing', async () => {
  const [one, two] = [await sold(10), await sold(10)];
  const lines = [one, two].map(({ variantId }) => ({ variantId, quantity: 1 }));
  await Promise.all(
    Array.from({ length: 10 }, (_, n) => ask('putBack', { key: newId(), lines: n % 2 ? lines : lines.toReversed(), reason: 'returned' })),
  );
  expect([await onHand(one.variantId), await onHand(two.variantId)]).toEqual([10, 10]);

  const key = newId();
  const unknown = { key, lines: [...lines, { variantId: newId(), quantity: 1 }], reason: 'returned' };
  await expect(ask('putBack', unknown)).rejects.toThrow('has no stock');
  expect([await onHand(one.variantId), await w.sql('select from inventory.put_backs where key = $1', [key])]).toEqual([10, []]);
});
