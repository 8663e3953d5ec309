import { expect, test } from 'vitest';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

test.each([
  ['balance', async (_: World, bob: Person) => bob.charge(usd(1_00))],
  [
    'held',
    async (w: World, bob: Person) => {
      await bob.charge(usd(1_00));
      const key = '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01';
      await w.ask('wallet', 'hold', { key, owner: bob.id, currency: 'USD', amount: 1_00, reason: 'a deal', expiresAt: null });
    },
  ],
  [
    'undelivered, orders',
    async (w: World, bob: Person) => {
      const vase = await bob.lists({ price: usd(5_00) });
      await (await w.buyer('sue', { balance: usd(5_00) })).post('/v1/orders', { items: [{ productId: vase, quantity: 1 }] });
    },
  ],
  [
    'orders',
    async (w: World, bob: Person) => {
      const lamp = await (await w.admin()).lists({ price: usd(20_00) });
      await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }], payment: 'cash_on_delivery' });
      await w.sql('alter table orders.orders disable trigger all');
      await w.sql(`update orders.orders set state = 'placing', decided_at = null, lease_until = now() + interval '1 year'`);
    },
  ],
  [
    'orders',
    async (w: World, bob: Person) => {
      const lamp = await (await w.admin()).lists({ price: usd(20_00) });
      await bob.charge(usd(20_00));
      await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] });
    },
  ],
  [
    'orders',
    async (w: World, bob: Person) => {
      const vase = await bob.lists({ price: usd(5_00) });
      await (await w.person('sue')).post('/v1/orders', { items: [{ productId: vase, quantity: 1 }], payment: 'cash_on_delivery' });
    },
  ],
  [
    'charge',
    async (w: World, bob: Person) =>
      w.sql(
        `insert into wallet.charges (id, owner, gateway, currency, amount, state, at) values (gen_random_uuid(), $1, 'simulated', 'USD', 1, 'pending', now())`,
        [bob.id],
      ),
  ],
])('who has %s open is told so, and stays signed in (case %#)', async (reason, open) => {
  const w = await world();
  const bob = await w.person('bob');
  await open(w, bob);
  const answer = await bob.delete('/v1/customers/bob');
  expect(answer).toBeProblem(409, 'customers/still-open');
  expect(answer.body.reasons).toEqual(reason.split(', '));
  expect((await bob.get('/v1/customers/bob')).body.state).toBe('active');
});
