import { expect, test } from 'vitest';
import { world } from '../test/world.ts';
import { loadDemo } from './demo.ts';

test('demo data that a kill cut off are completed by the next start, and nothing is there twice', async () => {
  const w = await world();
  const shown = async () => (await w.get('/v1/products?limit=50&sort=name')).body.items.map(({ name }: { name: string }) => name);
  await loadDemo(w.souk, () => {});
  await w.step();
  const all = await shown();
  expect(all.length).toBeGreaterThan(5);

  await w.sql('delete from kernel.fixtures'); // as after a kill before it was noted, and before the steps of two products
  await w.sql('delete from kernel.calls');
  const inState = `update catalog.products set state = $2::text, document = replace(document, '"state":"approved"', format('"state":"%s"', $2::text)) where name = $1`;
  await w.sql('alter table catalog.products disable trigger states');
  await w.sql(inState, ['Linen shirt', 'draft']);
  await w.sql(inState, ['Silver earrings', 'submitted']);
  await w.sql('alter table catalog.products enable trigger states');
  await loadDemo(w.souk, () => {});
  await w.step();

  expect(await shown()).toEqual(all);
  expect(await w.sql("select count(*)::int as charges, sum(amount)::int as amount from wallet.charges where currency = 'USD'")).toEqual([
    { charges: 1, amount: 1_000_00 },
  ]);
  expect(await w.sql('select module from kernel.fixtures order by 1')).toEqual([{ module: 'catalog' }, { module: 'wallet' }]);
});
