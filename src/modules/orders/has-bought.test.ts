import { expect, test } from 'vitest';
import { usd } from '../../../test/people.ts';
import { world } from '../../../test/world.ts';

test('somebody has bought what they have a placed order of, and nothing else', async () => {
  const w = await world();
  const root = await w.admin();
  const [lamp, chair] = [await root.lists({ price: usd(5_00), stock: 1 }), await root.lists({ name: 'Chair', price: usd(90_00) })];
  const bob = await w.buyer('bob', { balance: usd(20_00) });
  const ann = await w.person('ann');
  for (const productId of [lamp, chair]) await bob.post('/v1/orders', { items: [{ productId, quantity: 1 }] });
  const bought = (buyer: string, productId: string) => w.ask('orders', 'hasBought', { buyer, productId });

  expect(await w.statements(() => bought(bob.id, lamp))).toHaveLength(1);
  expect(await bought(bob.id, lamp)).toEqual({ bought: true });
  expect(await bought(bob.id, chair)).toEqual({ bought: false }); // the order was rejected: too little money
  expect(await bought(ann.id, lamp)).toEqual({ bought: false });
});
