import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Invariants } from './kill-invariants.ts';
import { type Person, type Reply, usd } from './people.ts';
import type { Server } from './real-server.ts';
import type { World } from './world.ts';

interface Parts {
  w: World;
  books: Invariants;
  /** The process with the orders. */
  orders: Server;
  /** Somebody with that many cents. */
  buyer: (username: string, cents: number) => Promise<Person>;
  /** A product for 20 dollars. */
  lamp: string;
  killsOther: () => Promise<unknown>;
  opensOther: () => Promise<unknown>;
}

/** Orders go to the door, or are cancelled, while the process of the money is killed; one is returned. Nothing is lost, and nothing moves twice. */
export async function wayToTheDoor({ w, books, orders, buyer, lamp, killsOther, opensOther }: Parts): Promise<void> {
  const callsOf =
    (person: Person) =>
    (path: string, body: object, key: string = crypto.randomUUID()) =>
      orders.call(path, {
        method: 'POST',
        headers: { authorization: `Bearer ${person.token}`, 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
      });
  const onHand = async () =>
    Number(
      (
        await books.rows<{ on_hand: string }>(
          'select on_hand from inventory.levels join catalog.variants on id = variant_id where product_id = $1',
          [lamp],
        )
      )[0]!.on_hand,
    );
  const courier = await w.partner('Carthage Couriers', ['orders:pack', 'orders:ship', 'orders:deliver']);
  const drives = (id: string, step: string) =>
    orders.call(`/v1/orders/${id}/${step}`, { method: 'POST', headers: { 'x-api-key': courier.key, 'idempotency-key': id } });
  const nora = await buyer('nora', 1000_00);
  const asNora = callsOf(nora);
  const units = await onHand();
  const ids = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(async () => (await asNora('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] })).body.id as string),
  );
  for (const id of ids.slice(0, 3)) expect((await untilKnown(() => drives(id, 'packed'))).body).toMatchObject({ id, state: 'packed' });
  /** Under one key for each order, however often. */
  const end = (id: string, index: number) => (index < 3 ? drives(id, 'delivered') : asNora(`/v1/orders/${id}/cancel`, {}, id));
  const first = Promise.all(ids.map(end));
  await expect
    .poll(() => books.rows("select from fulfilment.shipments where state in ('delivered', 'cancelled')"), { interval: 1 })
    .not.toEqual([]);
  await killsOther();
  const replies = await first;
  await opensOther();
  expect(replies.every(({ status }) => [200, 503].includes(status))).toBe(true);
  for (const [index, id] of ids.entries()) {
    const again = await untilKnown(() => end(id, index));
    expect(again, JSON.stringify(again.body)).toMatchObject({ status: 200, body: { state: index < 3 ? 'delivered' : 'cancelled' } });
    if (replies[index]!.status === 200) expect(again.headers.get('idempotent-replayed')).toBe('true');
  }
  const unfinished = () => books.rows('select from fulfilment.orders where lease_until is not null');
  await expect.poll(unfinished, { timeout: 20_000, interval: 50 }).toEqual([]);
  const states = await books.rows<{ state: string }>('select state from orders.orders where buyer = $1 order by id', [nora.id]);
  expect(states.map(({ state }) => state).sort()).toEqual([...Array(3).fill('cancelled'), ...Array(3).fill('delivered')]);
  expect(await nora.balance()).toEqual(usd(1000_00 - 3 * 20_00));
  expect(await onHand()).toBe(units - 3);
  const asked = await asNora(`/v1/orders/${ids[0]}/returns`, { items: [{ productId: lamp, quantity: 1 }], reason: 'Too bright.' });
  expect(asked.status, JSON.stringify(asked.body)).toBe(200);
  const [back] = (await orders.call(`/v1/orders/${ids[0]}/returns`, { headers: { authorization: `Bearer ${nora.token}` } })).body.items;
  const root = await w.person('root');
  expect((await callsOf(root)(`/v1/orders/${ids[0]}/returns/${back.id}/acceptance`, {})).body).toMatchObject({ state: 'accepted' });
  expect(await nora.balance()).toEqual(usd(1000_00 - 2 * 20_00));
  await expect.poll(() => onHand()).toBe(units - 2);
  expect(await w.ask('wallet', 'prove', { full: true })).toMatchObject({ ok: true });
}

/** Asks again while the answer is that it is not known. */
async function untilKnown(ask: () => Promise<Reply>): Promise<Reply> {
  for (let attempt = 1; ; attempt++) {
    const reply = await ask();
    if (reply.status !== 503 || attempt === 30) return reply;
    await sleep(200);
  }
}
