import { beforeAll, expect, test } from 'vitest';
import { inventory } from '#inventory';
import { minutes } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
beforeAll(async () => {
  w = await world();
});

const level = async (variantId: string) => (await w.ask<Record<string, number>[]>('inventory', 'levels', { variantIds: [variantId] }))[0];

async function variant(onHand: number): Promise<string> {
  const variantId = newId();
  await w.ask('inventory', 'open', { variants: [{ variantId, onHand }] });
  return variantId;
}

test('a change of many variants at once is done or refused for each, once per key, with the same history', async () => {
  const [lamp, shade, rug, full, unknown] = [await variant(1), await variant(5), await variant(2), await variant(3), newId()];
  const expiresAt = new Date(w.clock.now().getTime() + minutes(5)).toISOString();
  await w.ask('inventory', 'reserve', { key: newId(), lines: [{ variantId: shade, quantity: 3 }], expiresAt });
  const done = { key: newId(), variantId: rug, change: 4, reason: 'delivery' };
  await w.ask('inventory', 'change', done);
  const changes = [
    { key: newId(), variantId: lamp, change: 6, reason: 'count' },
    { key: newId(), variantId: shade, change: -3, reason: 'broken' },
    done,
    { key: newId(), variantId: full, change: 1_000_000_000, reason: 'typing mistake' },
    { key: newId(), variantId: unknown, change: 1, reason: 'count' },
  ];
  const many = () => w.ask<{ key: string; outcome: string; free: number | null }[]>('inventory', 'changeMany', { changes });
  const first = await many();
  expect(first.map(({ key }) => key)).toEqual(changes.map(({ key }) => key));
  expect(first.map(({ outcome, free }) => [outcome, free])).toEqual([
    ['changed', 1],
    ['below-zero', 2],
    ['replayed', null],
    ['too-much', 3],
    ['unknown', null],
  ]);
  expect((await many()).map(({ outcome }) => outcome)).toEqual(['replayed', 'below-zero', 'replayed', 'too-much', 'unknown']);
  expect(await Promise.all([lamp, shade, rug, full].map(level))).toMatchObject([
    { onHand: 7, version: 2 },
    { onHand: 5, reserved: 3, available: 2 },
    { onHand: 6, version: 2 },
    { onHand: 3, version: 1 },
  ]);
  const history = await w.ask<object[]>('inventory', 'movements', { variantIds: [lamp], after: null, limit: 9 });
  expect(history).toMatchObject([
    { id: changes[0]!.key, change: 6, onHand: 7, reason: 'count' },
    { change: 1, reason: 'opening stock' },
  ]);
});

test('a change of many variants at once happens once where twins run beside it, in another order too, and nothing goes below zero', async () => {
  const variants = await Promise.all(Array.from({ length: 12 }, () => variant(10)));
  const changes = variants.map((variantId) => ({ key: newId(), variantId, change: -4, reason: 'count' }));
  const others = variants.map((variantId) => ({ key: newId(), variantId, change: -5, reason: 'broken' }));
  const answers = await Promise.all(
    [changes, changes.toReversed(), others, changes, others.toReversed(), [...changes.slice(0, 6)]].map((some) =>
      w.ask<{ key: string; outcome: string }[]>('inventory', 'changeMany', { changes: some }),
    ),
  );
  const made = answers.flat().filter(({ outcome }) => outcome === 'changed');
  expect(new Set(made.map(({ key }) => key)).size).toBe(24);
  expect(made).toHaveLength(24);
  for (const variantId of variants) expect(await level(variantId)).toMatchObject({ onHand: 1, version: 3 });
});

test.each([
  ['a variant twice', [newId(), newId()], 'one'],
  ['a key twice', 'one', [newId(), newId()]],
])('a change of many variants at once does not take %s', (_, keys, variants) => {
  const changes = [0, 1].map((n) => ({
    key: Array.isArray(keys) ? keys[n] : '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01',
    variantId: Array.isArray(variants) ? variants[n] : '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e02',
    change: 1,
    reason: 'count',
  }));
  expect(inventory.operations.changeMany.input.safeParse({ changes }).success).toBe(false);
});
