import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import { overBudget } from '../../../test/budgets.ts';
import type { Person } from '../../../test/people.ts';
import { type Receiver, receiver } from '../../../test/receiver.ts';
import { type World, world } from '../../../test/world.ts';
import { sendWebhookJob, tryWebhookJob } from './jobs.ts';
import { routes } from './routes.ts';

let w: World;
let root: Person;

beforeAll(async () => {
  w = await world();
  root = await w.admin();
});

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

describe('the list of events', () => {
  test('loses nothing to transactions that commit late, and shows each event once, in one order', async () => {
    const seen: string[] = [];
    const [last] = await w.sql<{ id: string }>('select id from integrations.events order by seq desc limit 1');
    let after = last?.id;
    const poll = async () => {
      for (;;) {
        const { body } = await root.get(`/v1/events?limit=7${after ? `&after=${after}` : ''}&type=orders.order-rejected`);
        seen.push(...body.items.map(({ id }: { id: string }) => id));
        after = body.items.at(-1)?.id ?? after;
        if (!body.nextCursor) return;
      }
    };
    const ids = Array.from({ length: 60 }, () => newId());
    const late = ids.map(async (id, n) => {
      await w.sql(
        `with held as materialized (select pg_sleep($4)) insert into kernel.outbox (id, kind, name, subject, payload, created_at)
         select $1, 'event', 'orders.order-rejected.v1', $2, $3, now() from held`,
        [id, newId(), { orderId: id, buyer: id, code: 'x' }, ((n * 7) % 10) / 100],
      );
    });
    let isOver = false;
    const working = Promise.all(late).then(() => {
      isOver = true;
    });
    while (!isOver) {
      await Promise.all([w.step(), w.souk.step()]);
      await poll();
    }
    await working;
    await w.step();
    await poll();
    expect([...seen].sort()).toEqual([...ids].sort());
    const stored = await w.sql<{ id: string }>('select id from integrations.events where id = any($1) order by seq', [ids]);
    expect(seen).toEqual(stored.map(({ id }) => id));
  });

  test('refuses what is no event and what is no type', async () => {
    expect(await root.get(`/v1/events?after=${newId()}`)).toBeProblem(422, 'invalid');
    for (const cursor of [newId(), 'x']) expect(await root.get(`/v1/events?cursor=${cursor}`)).toBeProblem(400, 'malformed');
    expect((await root.get('/v1/events?type=order.paid')).body.errors[0]).toMatchObject({
      detail: expect.stringContaining('orders.order-placed'),
      in: 'query',
    });
  });

  test('is walked like every other list, by its cursor or its Link', async () => {
    for (let n = 0; n < 3; n++) await happen();
    await w.step();
    const first = await root.get('/v1/events?limit=1&type=orders.order-rejected');
    const next = /^<(.+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = (await root.get(next)).body;
    expect(second.items[0].id).not.toBe(first.body.items[0].id);
    expect((await root.get(`/v1/events?limit=1&type=orders.order-rejected&cursor=${first.body.nextCursor}`)).body).toEqual(second);
  });

  test('keeps what happened as it was', async () => {
    await happen();
    await w.step();
    await expect(w.sql("update integrations.events set type = 'x'")).rejects.toThrow(/stays so/);
  });

  test('an event that is delivered twice is stored once, and storing costs two statements for a batch', async () => {
    for (let n = 0; n < 50; n++) await happen();
    const statements = (await w.statements(() => w.step())).filter(
      (text) => text.includes('integrations.') && !/webhooks|deliveries/.test(text),
    );
    expect(statements.filter((text) => text.includes('insert into integrations.events'))).toHaveLength(1);
    await w.step();
    const there = await receiver();
    await root.post('/v1/webhooks', { url: there.url, events: ['orders.order-rejected'] });
    await happen();
    await w.step();
    await w.tellAgain('orders.order-rejected.v1');
    await w.step();
    await w.step();
    expect(there.calls, JSON.stringify(idsAt(there))).toHaveLength(1);
  });
});

test('a webhook belongs to the shop: staff with the permission see each, nobody else any, and their number is bounded', async () => {
  const { id } = (await root.post('/v1/webhooks', { url: 'http://127.0.0.1:9/', events: ['orders.order-placed'] })).body;
  const olga = await w.person('olga', ['operator']);
  expect((await olga.get(`/v1/webhooks/${id}`)).status).toBe(200);
  const bob = await w.person('bob');
  for (const path of ['', `/${id}`, `/${id}/deliveries`]) expect(await bob.get(`/v1/webhooks${path}`)).toBeProblem(403, 'forbidden');
  for (let made = (await w.sql('select from integrations.webhooks where created_by = $1', [olga.id])).length; made < 20; made++)
    await olga.post('/v1/webhooks', { url: 'http://127.0.0.1:9/', events: ['orders.order-placed'] });
  const full = await olga.post('/v1/webhooks', { url: 'http://127.0.0.1:9/', events: ['orders.order-placed'] });
  expect(full).toBeProblem(409, 'integrations/too-many-webhooks');
  expect((await olga.get('/v1/webhooks?limit=100')).body.items.length).toBeGreaterThan(20);
  await w.sql("update integrations.webhooks set state = 'deleted' where created_by = $1", [olga.id]);
  expect(
    await root.get(
      `/v1/webhooks/${(await root.post('/v1/webhooks', { url: 'http://127.0.0.1:9/', events: ['orders.order-placed'] })).body.id}`,
    ),
  ).toMatchObject({ status: 200 });
});

const idsAt = ({ calls }: Receiver) => calls.map(({ headers }) => headers['webhook-id']);
const subjectsAt = ({ calls }: Receiver) => calls.map(({ body }) => JSON.parse(body).data.orderId);
const deliveriesOf = async (id: string, query = '') => (await root.get(`/v1/webhooks/${id}/deliveries${query}`)).body.items;
const answers = (there: Receiver, status: number, headers = {}) => {
  there.answer = (_, response) => void response.writeHead(status, headers).end();
};

describe('a webhook', () => {
  let id: string;
  let there: Receiver;
  beforeEach(async () => {
    there = await receiver();
    id = (await root.post('/v1/webhooks', { url: there.url, events: ['orders.order-rejected'] })).body.id;
  });
  afterEach(() => root.delete(`/v1/webhooks/${id}`));

  test('that has asked for a pause is sent at once what staff send again by hand', async () => {
    answers(there, 503, { 'retry-after': '600' });
    await happen();
    await w.step();
    await w.step();
    expect(there.calls).toHaveLength(1);
    answers(there, 204);
    const [waiting] = await deliveriesOf(id);
    await root.post(`/v1/webhooks/${id}/deliveries/${waiting.id}/redelivery`);
    await w.step();
    expect(await deliveriesOf(id)).toMatchObject([{ state: 'delivered', attempts: 1 }]);
  });

  test('at which nothing arrives has places of its own, so that it holds up none that answers', async () => {
    const healthy = (await root.post('/v1/webhooks', { url: (await receiver()).url, events: ['orders.order-rejected'] })).body.id;
    answers(there, 500);
    for (let n = 0; n < 3; n++) await happen();
    await w.step();
    w.clock.advance(minutes(2));
    await happen();
    await w.step();
    const jobOf = async (webhookId: string) =>
      (
        await w.sql("select name from told.outbox where kind = 'job' and payload->>'webhookId' = $1 order by seq desc limit 1", [webhookId])
      )[0];
    expect(await jobOf(healthy)).toEqual({ name: sendWebhookJob.name });
    expect(await jobOf(id)).toEqual({ name: tryWebhookJob.name });
    expect(tryWebhookJob.policy.lane).not.toBe(sendWebhookJob.policy.lane);
    await root.delete(`/v1/webhooks/${healthy}`);
  });

  test('at which nothing arrives is sent first what staff send again, not what has waited longest', async () => {
    answers(there, 500);
    for (let n = 0; n < 30; n++) await happen();
    await w.step();
    const tried = there.calls.length;
    expect(tried).toBeLessThan(10);
    const [newest, second] = await deliveriesOf(id);
    expect([newest.attempts, second.attempts]).toEqual([0, 0]);
    for (const wanted of [second, newest]) {
      await root.post(`/v1/webhooks/${id}/deliveries/${wanted.id}/redelivery`);
      await w.step();
    }
    expect(idsAt(there).slice(tried)).toEqual([second.eventId, newest.eventId]);
    answers(there, 204);
    w.clock.advance(minutes(10));
    root = await w.person('root', ['admin']);
    await w.step();
    expect(await deliveriesOf(id, '?state=pending')).toEqual([]);
  });

  test('that refuses many messages is sent the others all the same, up to a bound, and loses nothing', async () => {
    answers(there, 422);
    await w.sql(
      `insert into kernel.outbox (id, kind, name, subject, payload, created_at)
       select gen_random_uuid(), 'event', 'orders.order-rejected.v1', n::text, jsonb_build_object('orderId', gen_random_uuid(), 'buyer', gen_random_uuid(), 'code', 'x'), now()
       from generate_series(1, 700) as n`,
    );
    await w.step();
    await w.step();
    expect(new Set(idsAt(there)).size).toBe(700);
    answers(there, 204);
    const after = await happen();
    await w.step();
    expect(subjectsAt(there)).toContain(after);
    w.clock.advance(minutes(1));
    await w.step();
    await w.step();
    expect(await deliveriesOf(id, '?state=pending')).toEqual([]);

    await w.sql(
      `insert into integrations.deliveries (webhook_id, event_seq, event_id, type, subject, next_at, created_at)
       select $1, -n, gen_random_uuid(), 'x', n::text, 'infinity', now() from generate_series(1, 10000) as n`,
      [id],
    );
    const late = await happen();
    await w.step();
    expect(subjectsAt(there)).not.toContain(late);
    await w.sql('delete from integrations.deliveries where webhook_id = $1 and event_seq = -1', [id]);
    await happen();
    await w.step();
    expect(subjectsAt(there)).toContain(late);
    await w.sql('delete from integrations.deliveries where webhook_id = $1', [id]);
  });
});

test('calls of webhooks and of the list of events cost few statements', async () => {
  const there = await receiver();
  const body = { url: there.url, events: ['orders.order-rejected'] };
  const { id } = (await root.post('/v1/webhooks', body)).body;
  await happen();
  await w.step();
  const [delivery] = await deliveriesOf(id);
  const [first] = (await root.get('/v1/events?limit=1')).body.items;
  const path = `/v1/webhooks/${id}`;
  expect(
    await overBudget(
      w,
      [
        ['GET /webhooks', 1, () => root.get('/v1/webhooks')],
        ['POST /webhooks', 6, () => root.post('/v1/webhooks', body)],
        ['GET /webhooks/{id}', 1, () => root.get(path)],
        ['PATCH /webhooks/{id}', 4, () => root.patch(path, { events: body.events })],
        ['POST /webhooks/{id}/secret', 4, () => root.post(`${path}/secret`, {})],
        ['POST /webhooks/{id}/pause', 3, () => root.post(`${path}/pause`)],
        ['POST /webhooks/{id}/resume', 5, () => root.post(`${path}/resume`)],
        ['GET /webhooks/{id}/deliveries', 2, () => root.get(`${path}/deliveries`)],
        ['POST /webhooks/{id}/deliveries/{deliveryId}/redelivery', 6, () => root.post(`${path}/deliveries/${delivery.id}/redelivery`)],
        ['DELETE /webhooks/{id}', 4, () => root.delete(path)],
        ['GET /events', 1, () => root.get('/v1/events')],
        ['GET /events, of a type, after one', 2, () => root.get(`/v1/events?after=${first.id}&type=orders.order-rejected&limit=100`)],
      ],
      routes,
    ),
  ).toEqual([]);
});
