import { Webhook } from 'standardwebhooks';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { days, hours, minutes } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import type { Person } from '../../../test/people.ts';
import { openRoom, startServer } from '../../../test/real-server.ts';
import { type Receiver, receiver } from '../../../test/receiver.ts';
import { type World, world } from '../../../test/world.ts';
import { PATIENCE_MS, RETRY_AFTER_MS } from './retries.ts';

let w: World;
let root: Person;

beforeAll(async () => {
  w = await world();
});

/** After the clock was moved far, a token has expired. */
const again = async () => {
  root = await w.person('root', ['admin']);
};
beforeEach(again);

/** A webhook that leads to a receiver of its own. */
async function hook(events = ['orders.order-rejected'], more: object = {}): Promise<{ id: string; secret: string; there: Receiver }> {
  const there = await receiver();
  const made = await root.post('/v1/webhooks', { url: `${there.url}/souk`, events, ...more });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return { id: made.body.id, secret: made.body.secret, there };
}

/** Announces something as the module orders does, in a transaction of its own. */
async function happen(subject: string = newId(), name = 'orders.order-rejected.v1'): Promise<string> {
  const payload = { orderId: subject, buyer: newId(), code: 'inventory/out-of-stock' };
  await w.sql(`insert into kernel.outbox (id, kind, name, subject, payload, created_at) values ($1, 'event', $2, $3, $4, now())`, [
    newId(),
    name,
    subject,
    payload,
  ]);
  return subject;
}

const subjectsAt = ({ calls }: Receiver) => calls.map(({ body }) => JSON.parse(body).data.orderId);
const idsAt = ({ calls }: Receiver) => calls.map(({ headers }) => headers['webhook-id']);
const deliveriesOf = async (id: string, query = '') => (await root.get(`/v1/webhooks/${id}/deliveries${query}`)).body.items;
const answering =
  (status: number, body = '') =>
  (_: unknown, response: { writeHead(status: number): { end(body: string): void } }) =>
    response.writeHead(status).end(body);
const verified = (secret: string, { body, headers }: Receiver['calls'][0]) =>
  new Webhook(secret).verify(body, headers as Record<string, string>) as { type: string; timestamp: string; data: { orderId: string } };

describe('a webhook', () => {
  test('is sent what it listens to and nothing else, signed so that the official library knows it', async () => {
    const { id, secret, there } = await hook();
    const orderId = await happen();
    await happen(newId(), 'catalog.product-published.v1');
    await w.step();
    await w.step();

    expect(there.calls).toHaveLength(1);
    const { type, data } = verified(secret, there.calls[0]!);
    expect({ type, data }).toMatchObject({ type: 'orders.order-rejected', data: { orderId } });
    expect(await deliveriesOf(id)).toMatchObject([
      {
        eventId: idsAt(there)[0],
        state: 'delivered',
        attempts: 1,
        nextAttemptAt: null,
        lastAttempt: { request: { body: { type, data: { orderId } } }, answer: { status: 204, body: '' }, failure: null },
      },
    ]);
  });

  test('that listens to what there is not, or leads where nobody may be called, is refused with what there is', async () => {
    const wrong = await root.post('/v1/webhooks', { url: 'http://127.0.0.1:9/', events: ['orders.order-placed', 'order.paid'] });
    expect(wrong).toBeProblem(422, 'invalid');
    expect(wrong.body.errors).toMatchObject([
      { pointer: '/events/1', detail: expect.stringContaining('orders.order-placed, orders.order-rejected') },
    ]);
    const forPartner = await root.post('/v1/webhooks', { url: 'http://127.0.0.1:9/', events: ['orders.order-placed'], partner: 'Sahara' });
    expect(forPartner.body.errors[0].detail).toMatch(/^is not an event for partners; the events are: fulfilment\.shipment-/);
    for (const url of [
      'http://example.com/',
      'https://10.0.0.1/',
      'https://[::ffff:10.0.0.1]/',
      'https://169.254.169.254/',
      'ftp://a.example/',
      ...['https://a.example/\u001bb', 'https://a.example/\u202Eb', 'https://a.example/\u3164'],
      'x',
    ])
      expect(await root.post('/v1/webhooks', { url, events: ['orders.order-placed'] }), url).toBeProblem(422, 'invalid');
    const production = await w.sibling(
      { PUBLIC_URL: 'https://souk.example.com' },
      {
        adapters: {
          outgoingHttp: (await import('#adapters/outgoing-http/guarded.ts')).guardedHttp({
            allowsOwnMachine: false,
            resolve: async () => ['10.0.0.7'],
          }),
        },
      },
    );
    const staff = await production.person('root', ['admin']);
    for (const url of ['http://127.0.0.1:9/', 'https://localhost/', 'https://inside.example.com/'])
      expect((await staff.post('/v1/webhooks', { url, events: ['orders.order-placed'] })).body.errors, url).toMatchObject([
        { pointer: '/url' },
      ]);
    const own = await hook();
    expect(await root.patch(`/v1/webhooks/${own.id}`, { url: 'https://10.0.0.1/' })).toBeProblem(422, 'invalid');
    expect(await root.patch(`/v1/webhooks/${own.id}`, { events: ['order.paid'] })).toBeProblem(422, 'invalid');
  });

  test('follows no redirection', async () => {
    const { id, there } = await hook();
    const inner = await receiver();
    there.answer = (_, response) => void response.writeHead(302, { location: inner.url }).end();
    await happen();
    await w.step();
    expect(inner.calls).toEqual([]);
    expect(await deliveriesOf(id)).toMatchObject([
      { state: 'pending', lastAttempt: { failure: expect.stringContaining('redirection'), answer: { status: 302 } } },
    ]);
    await root.delete(`/v1/webhooks/${id}`);
  });

  test('has a new secret beside the old one until that ends, and never a third', async () => {
    const { id, secret: old, there } = await hook();
    const rotated = await root.post(`/v1/webhooks/${id}/secret`, {});
    expect(rotated.status).toBe(200);
    const { secret, oldSecretUntil } = rotated.body;
    expect((new Date(oldSecretUntil).getTime() - w.clock.now().getTime()) / hours(1)).toBeCloseTo(24, 2);
    await happen();
    await w.step();
    for (const known of [old, secret]) verified(known, there.calls[0]!);
    expect(await root.post(`/v1/webhooks/${id}/secret`, {})).toBeProblem(409, 'integrations/two-secrets-live');

    const last = (await root.post(`/v1/webhooks/${id}/secret`, { oldValidHours: 0 })).body.secret;
    await happen();
    await w.step();
    verified(last, there.calls[1]!);
    for (const ended of [old, secret]) expect(() => verified(ended, there.calls[1]!)).toThrow(/No matching signature/);

    expect((await root.get(`/v1/webhooks/${id}`)).body).not.toHaveProperty('secret');
    const dump = await w.dump();
    for (const text of [old, secret, last]) expect(dump).not.toContain(text.slice(6));
    await root.delete(`/v1/webhooks/${id}`);
  });

  test('that was down for an hour gets everything afterwards, each once, and soon', async () => {
    const { id, there } = await hook();
    await there.stop();
    const told = [await happen(), await happen(), await happen(), await happen(), await happen(), await happen()];
    for (let passed = 0; passed < 60; passed += 5) {
      await w.step();
      w.clock.advance(minutes(5));
    }
    await again();
    expect((await deliveriesOf(id)).every(({ state }: { state: string }) => state === 'pending')).toBe(true);
    await there.begin();
    w.clock.advance(minutes(5));
    await w.step();
    expect(subjectsAt(there).sort()).toEqual(told.sort());
    expect((await root.get(`/v1/webhooks/${id}`)).body).toMatchObject({ state: 'active', failingSince: null });
    await root.delete(`/v1/webhooks/${id}`);
  });

  test('that fails is tried by the table of retries for three days, then it is paused and its owner told', async () => {
    const { id, there } = await hook();
    there.answer = answering(500, 'Out of order.');
    await happen();
    await w.step();
    for (const ms of RETRY_AFTER_MS) {
      w.clock.advance(Math.max(ms, minutes(5)));
      await w.step();
    }
    await again();
    expect(there.calls).toHaveLength(RETRY_AFTER_MS.length + 1);
    expect(new Set(idsAt(there)).size).toBe(1);
    expect(await deliveriesOf(id, '?state=failed')).toMatchObject([
      { attempts: 13, nextAttemptAt: null, lastAttempt: { answer: { status: 500, body: 'Out of order.' }, failure: expect.any(String) } },
    ]);
    expect((await root.get(`/v1/webhooks/${id}`)).body).toMatchObject({ state: 'paused', pausedBecause: 'failing' });
    const told = (await root.get('/v1/events?type=integrations.webhook-paused')).body.items.filter(
      (e: { subject: string }) => e.subject === id,
    );
    expect(told).toMatchObject([{ data: { webhookId: id, owner: root.id, reason: 'failing' } }]);
    expect(w.mail('root@example.com')?.subject).toBe('Your webhook is paused');
    expect(PATIENCE_MS).toBeGreaterThan(days(2.9));

    const missed = await happen();
    await w.step();
    expect(subjectsAt(there)).not.toContain(missed);
    there.answer = answering(200);
    expect((await root.post(`/v1/webhooks/${id}/resume`)).body).toMatchObject({ state: 'active', failingSince: null });
    await w.step();
    expect(subjectsAt(there).at(-1)).toBe(missed);

    const [failed] = await deliveriesOf(id, '?state=failed');
    const redelivered = await root.post(`/v1/webhooks/${id}/deliveries/${failed.id}/redelivery`);
    expect([redelivered.status, redelivered.body.state]).toEqual([202, 'pending']);
    await w.step();
    expect(idsAt(there).at(-1)).toBe(failed.eventId);
    expect(await deliveriesOf(id, '?state=failed')).toEqual([]);
    expect(await root.post(`/v1/webhooks/${id}/deliveries/${newId()}/redelivery`)).toBeProblem(404, 'not-found');
    await root.delete(`/v1/webhooks/${id}`);
  });

  test('that answers 410 is disabled', async () => {
    const { id, there } = await hook();
    there.answer = answering(410);
    await happen();
    await w.step();
    await happen();
    await w.step();
    expect(there.calls).toHaveLength(1);
    expect((await root.get(`/v1/webhooks/${id}`)).body).toMatchObject({ state: 'disabled', pausedBecause: 'gone' });
    await root.delete(`/v1/webhooks/${id}`);
  });

  test('that asks for a pause gets it, and one that is dead holds up no other', async () => {
    const asking = await hook();
    asking.there.answer = (_, response) => void response.writeHead(429, { 'retry-after': '600' }).end();
    const dead = await hook();
    await dead.there.stop();
    const alive = await hook();
    for (let n = 0; n < 30; n++) await happen();
    await w.step();
    expect(alive.there.calls).toHaveLength(30);
    expect(asking.there.calls.length).toBeLessThanOrEqual(4);
    const tried = asking.there.calls.length;
    w.clock.advance(minutes(9));
    await w.step();
    expect(asking.there.calls).toHaveLength(tried);
    w.clock.advance(minutes(1));
    asking.there.answer = answering(204);
    await w.step();
    expect(new Set(idsAt(asking.there)).size).toBe(30);
    for (const { id } of [asking, dead, alive]) await root.delete(`/v1/webhooks/${id}`);
  });

  test('is sent again under the same id where the process was killed before it noted the answer', async () => {
    const { id, there } = await hook();
    const room = openRoom('killed');
    const server = await startServer(room.path, { DATABASE_URL: w.databaseUrl, SOUK_DATA: room.path, NODE_ENV: 'test' });
    there.answer = () => void server.kill();
    await happen();
    await expect.poll(() => there.calls.length, { timeout: 20_000 }).toBe(1);
    await server.ended();
    room.clear();
    there.answer = answering(204);
    w.clock.advance(minutes(2));
    await w.step();
    expect(there.calls).toHaveLength(2);
    expect(new Set(idsAt(there)).size).toBe(1);
    await root.delete(`/v1/webhooks/${id}`);
  }, 40_000);

  test('is shown to a repeated call as it was made, without its secret, when it has been deleted meanwhile', async () => {
    const call = () =>
      root.post('/v1/webhooks', { url: 'http://127.0.0.1:9/', events: ['orders.order-placed'] }, { 'idempotency-key': 'made-once' });
    const { secret: _, ...made } = (await call()).body;
    await root.post(`/v1/webhooks/${made.id}/pause`);
    await root.delete(`/v1/webhooks/${made.id}`);
    const replayed = await call();
    expect([replayed.status, replayed.headers.get('idempotent-replayed'), replayed.body]).toEqual([201, 'true', { ...made, secret: null }]);
  });

  test('is shown to a repeated call without the secret that another call has given it', async () => {
    const body = { url: 'http://127.0.0.1:9/', events: ['orders.order-placed'] };
    const call = () => root.post('/v1/webhooks', body, { 'idempotency-key': 'made-and-rotated' });
    const { id, secret } = (await call()).body;
    expect((await call()).body.secret).toBe(secret);
    await root.post(`/v1/webhooks/${id}/secret`, { oldValidHours: 0 });
    expect((await call()).body).toMatchObject({ id, secret: null });
    await root.delete(`/v1/webhooks/${id}`);
  });

  test('that is deleted is gone with its deliveries, and what is old goes by itself', async () => {
    const { id, there } = await hook();
    await happen();
    await w.step();
    expect(there.calls).toHaveLength(1);
    expect((await root.delete(`/v1/webhooks/${id}`)).status).toBe(204);
    for (const path of [`/v1/webhooks/${id}`, `/v1/webhooks/${id}/deliveries`]) expect(await root.get(path)).toBeProblem(404, 'not-found');
    expect(await root.patch(`/v1/webhooks/${id}`, { events: ['orders.order-placed'] })).toBeProblem(404, 'not-found');
    expect(await root.post(`/v1/webhooks/${id}/secret`, {})).toBeProblem(404, 'not-found');
    await w.step();
    expect(await w.sql('select from integrations.deliveries where webhook_id = $1', [id])).toEqual([]);
    expect(await w.sql('select from integrations.webhooks where id = $1', [id])).toEqual([]);
    w.clock.advance(days(31));
    await w.step();
    expect(await w.sql('select from integrations.events where stored_at < $1', [new Date(w.clock.now().getTime() - days(30))])).toEqual([]);
  });
});
