import { Webhook } from 'standardwebhooks';
import { beforeAll, expect, test } from 'vitest';
import { type Person, usd } from '../../../test/people.ts';
import { type Receiver, receiver } from '../../../test/receiver.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let root: Person;
let bob: Person;
let lamp: string;

beforeAll(async () => {
  w = await world();
  root = await w.admin();
  lamp = await root.lists({ price: usd(1_00), stock: 1000 });
  bob = await w.buyer('bob', { balance: usd(900_00) });
  await w.step();
});

/** A webhook that leads to a receiver of its own. */
async function hook(events: string[], more: object = {}): Promise<{ id: string; secret: string; there: Receiver }> {
  const there = await receiver();
  const made = await root.post('/v1/webhooks', { url: `${there.url}/souk`, events, ...more });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return { id: made.body.id, secret: made.body.secret, there };
}

const buy = async (): Promise<string> => {
  const reply = await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] });
  expect(reply.status, JSON.stringify(reply.body)).toBe(201);
  return reply.body.id;
};
const deliveriesOf = async (id: string, query = '') => (await root.get(`/v1/webhooks/${id}/deliveries${query}`)).body.items;

test('a webhook is sent what it listens to and nothing else, signed so that the official library knows it', async () => {
  const { id, secret, there } = await hook(['orders.order-placed']);
  const orderId = await buy();
  await w.step();

  expect(there.calls).toHaveLength(1);
  const [{ body, headers }] = there.calls as [Receiver['calls'][0]];
  const { type, timestamp, data } = new Webhook(secret).verify(body, headers as Record<string, string>) as {
    type: string;
    timestamp: string;
    data: object;
  };
  expect({ type, data }).toMatchObject({ type: 'orders.order-placed', data: { orderId, buyer: bob.id } });
  expect(new Date(timestamp).getTime()).toBeLessThanOrEqual(w.clock.now().getTime());
  expect(await deliveriesOf(id)).toMatchObject([
    {
      eventId: headers['webhook-id'],
      state: 'delivered',
      attempts: 1,
      nextAttemptAt: null,
      lastAttempt: { request: { body: { type } }, answer: { status: 204 } },
    },
  ]);
  await w.step();
  expect(there.calls).toHaveLength(1);
});
