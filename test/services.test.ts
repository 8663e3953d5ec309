import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../infra/local/free-port.ts';
import { type Invariants, openInvariants } from './kill-invariants.ts';
import { type Person, type Reply, usd } from './people.ts';
import { arrives, openRoom, type Server, startServer } from './real-server.ts';
import { wayToTheDoor } from './way-to-the-door.ts';
import { type World, world } from './world.ts';

const INTERNAL_SECRET = 'a secret between the services of a test';
const room = openRoom('services');

afterAll(() => room.clear());

/** Two processes on one database. Whatever orders asks of a module of the other process goes over the wire, and commits there by itself. */
describe.each([
  {
    orders: 'orders,fulfilment,moderation,reviews,notifications,platform,microservices',
    other: 'identity,partners,wallet,inventory,media,banners,catalog',
  },
  {
    orders: 'orders,fulfilment,media,banners,catalog,inventory,identity,moderation,reviews,notifications,platform,microservices',
    other: 'wallet,identity,partners',
  },
])('with $orders in one process and $other in another', (shape) => {
  let w: World;
  let books: Invariants;
  let orders: Server;
  let other: Server;
  let otherPort: number;
  let bob: Person;
  let lamp: string;

  beforeAll(async () => {
    w = await world();
    books = openInvariants(w.databaseUrl);
    otherPort = await freePort();
    await openOther();
    const here = shape.orders.split(',');
    const urls = shape.other.split(',').filter((module) => !here.includes(module));
    orders = await startServer(room.path, {
      ...common(),
      MODULES: shape.orders,
      ...Object.fromEntries(urls.map((module) => [`${module.toUpperCase()}_SERVICE_URL`, other.url])),
    });
    lamp = await listsLamp(50);
    bob = await buyer('bob', 100_00);
  });

  afterAll(async () => {
    for (const server of [orders, other]) await server?.kill();
    await books?.close();
  });

  test('a purchase takes money in one and stock in the other, once', async () => {
    const order = await buys(bob, 2);

    expect(order).toMatchObject({ status: 201, body: { state: 'placed', total: usd(40_00) } });
    expect(await balanceOf(bob)).toEqual(usd(60_00));
    expect(await onHand(lamp)).toBe(48);
    await atRest();
  });

  test('a buyer without the money gets no order, and what the order touched is closed by the job', async () => {
    const pia = await buyer('pia', 10_00);

    expect(await buys(pia, 1)).toBeProblem(409, 'wallet/insufficient-funds');

    await atRest();
    expect(await endsOf(pia)).toEqual([{ state: 'rejected', payment: 'cancelled', stock: 'released' }]);
    expect(await balanceOf(pia)).toEqual(usd(10_00));
    expect(await onHand(lamp)).toBe(48);
  });

  test('what is out of stock is not ordered, and the money that was taken first goes back', async () => {
    const tom = await buyer('tom', 3000_00);

    expect(await buys(tom, 49)).toBeProblem(409, 'inventory/out-of-stock');

    await atRest();
    expect(await endsOf(tom)).toEqual([{ state: 'rejected', payment: 'cancelled', stock: 'released' }]);
    expect(await balanceOf(tom)).toEqual(usd(3000_00));
    const paid = await w.sql(
      'select s.amount::int, s.refunded::int from wallet.payments as p join wallet.payment_shares as s on s.payment_id = p.id where p.payer = $1',
      [tom.id],
    );
    expect(paid).toEqual([{ amount: 980_00, refunded: 980_00 }]);
  });

  test('twins with one key make one order', async () => {
    const key = randomUUID();
    const replies = await Promise.all(Array.from({ length: 4 }, () => buys(bob, 1, key)));

    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
    expect(await balanceOf(bob)).toEqual(usd(40_00));
    expect(await onHand(lamp)).toBe(47);
    await atRest();
  });

  test('a kill -9 of the other process in the middle of purchases loses nothing: every order ends, and every key has one outcome', async () => {
    const shoppers = await Promise.all([1, 2, 3, 4].map((number) => buyer(`shopper-${number}`, 1000_00)));
    const wishes = shoppers.flatMap((shopper) => Array.from({ length: 6 }, () => ({ shopper, key: randomUUID() })));
    const first = Promise.all(wishes.map(({ shopper, key }) => buys(shopper, 1, key)));
    await expect
      .poll(() => books.rows('select 1 from orders.orders where buyer = $1', [shoppers[0]!.id]), { interval: 1, timeout: 10_000 })
      .not.toEqual([]);

    await other.kill();
    const replies = await first;
    await openOther();
    await atRest();

    expect(replies.every(({ status }) => [201, 409, 503].includes(status))).toBe(true);
    expect(replies.filter(({ status }) => status === 503)).not.toEqual([]); // the kill came in the middle
    const again = await Promise.all(wishes.map(({ shopper, key }) => untilKnown(() => buys(shopper, 1, key))));
    for (const [index, reply] of again.entries()) {
      expect(reply).toMatchObject({ status: 201, body: { state: 'placed' } });
      if (replies[index]!.status === 201) expect({ ...reply.body, shipments: [] }).toEqual({ ...replies[index]!.body, shipments: [] }); // which come later
    }
    await atRest();
    for (const shopper of shoppers) expect(await balanceOf(shopper)).toEqual(usd(1000_00 - 6 * 20_00));
    expect(await onHand(lamp)).toBe(47 - wishes.length);
  }, 90_000);

  test.each([
    ['no token', async () => undefined],
    ['a token of another secret', () => token('somebody else knows another secret')],
    ['a token that is too old', () => token(INTERNAL_SECRET, '-1 minute')],
    ['a token without an end', () => token(INTERNAL_SECRET, null)],
    ['a token that lives for an hour', () => token(INTERNAL_SECRET, '1h')],
    ['a token that does not say when it was made', () => token(INTERNAL_SECRET, '30s', { iat: null })],
    ['a token made for another operation', () => token(INTERNAL_SECRET, '30s', { operation: 'pay' })],
    ['a token made for another module', () => token(INTERNAL_SECRET, '30s', { module: 'orders' })],
    ['the token of a person', async () => `Bearer ${bob.token}`],
  ])('the internal door is closed to %s', async (_, authorization) => {
    expect(await knocks(other, await authorization())).toBeProblem(404, 'not-found');
  });

  test('internal calls are accepted from a service only, and only for modules of this process', async () => {
    expect(await knocks(other, await token(INTERNAL_SECRET))).toMatchObject({ status: 200, body: { output: { ok: true } } });
    expect(await knocks(orders, await token(INTERNAL_SECRET))).toBeProblem(404, 'not-found');
  });

  test.each([
    ['{"input":{"accountId":7}}', 422, 'invalid'],
    ['null', 422, 'invalid'],
    ['{', 400, 'malformed'],
  ] as const)('what a service sends wrong is said to it: %s', async (body, status, code) => {
    const authorization = await token(INTERNAL_SECRET, '30s', { module: 'identity', operation: 'readCustomer' });
    const door = shape.other.includes('identity') ? other : orders;
    const headers = { 'content-type': 'application/json', authorization };
    expect(await door.call('/internal/identity/readCustomer', { method: 'POST', headers, body })).toBeProblem(status, code);
  });

  test('what a service says has an end: beyond a megabyte it is refused, with and without its length', async () => {
    const authorization = await token(INTERNAL_SECRET);
    const body = JSON.stringify({ input: { padding: 'x'.repeat(1024 * 1024) } });
    const knock = (more: object) =>
      other.call('/internal/wallet/prove', { method: 'POST', headers: { 'content-type': 'application/json', authorization }, ...more });
    expect(await knock({ body })).toBeProblem(413, 'too-large');
    expect(await knock({ body: new Blob([body]).stream(), duplex: 'half' })).toBeProblem(413, 'too-large');
    expect((await knock({ body: JSON.stringify({ input: {}, padding: 'x'.repeat(1000_000) }) })).status).toBe(200);
  });

  test.each((['orders', 'other'] as const).filter((door) => shape[door].includes('identity')))(
    'a sign-out in the process that has %s counts in the other process at once',
    async (door) => {
      const elsewhere = door === 'orders' ? 'other' : 'orders';
      const doors = { orders, other };
      const paths = { orders: '/v1/orders', other: '/v1/customers/vera/wallet' };
      const vera = await arrives(doors[door].call, 'vera');
      const look = () => doors[elsewhere].call(paths[elsewhere], { headers: { authorization: `Bearer ${vera.token}` } });
      expect((await look()).status).toBe(200);

      await vera.post('/v1/auth/sign-out');

      await expect.poll(async () => (await look()).status, { interval: 5, timeout: 2000 }).toBe(401);
    },
  );

  test('an API key is known to both, is carried from one to the other, and is deleted in both at once', async () => {
    const auditor = await w.partner('Auditors', ['orders:read', 'ledger:read']);
    const order = await buys(await buyer('ines', 50_00), 1);
    const look = { headers: { 'x-api-key': auditor.key } };
    const looks = async () => [
      (await orders.call(`/v1/orders/${order.body.id}`, look)).status,
      (await other.call('/v1/customers/ines/wallet', look)).status,
    ];
    expect(await looks()).toEqual([200, 200]);
    expect(await orders.call('/v1/orders', look)).toBeProblem(403, 'account-needed');

    await (await w.person('root')).delete(`/v1/api-keys/${auditor.id}`);

    await expect.poll(looks, { interval: 5, timeout: 2000 }).toEqual([401, 401]);
  });

  test('an order goes to the door, and back; a kill -9 of the other process amid deliveries and cancellations loses nothing', async () => {
    await wayToTheDoor({ w, books, orders, buyer, lamp, killsOther: () => other.kill(), opensOther: openOther });
  }, 90_000);

  const common = () => ({
    FULFILMENT_LEASE_SECONDS: '1',
    DATABASE_URL: w.databaseUrl,
    INTERNAL_SECRET,
    ORDER_LEASE_SECONDS: '1',
    PUBLIC_URL: 'http://localhost:3000',
    LOG_LEVEL: 'warn',
  });

  async function openOther(): Promise<void> {
    other = await startServer(room.path, { ...common(), MODULES: shape.other }, otherPort);
  }

  const listsLamp = async (stock: number) => (await w.admin()).lists({ name: 'Lamp', price: usd(20_00), stock });

  /** Money comes in where the wallet lives; whoever has it then turns to the orders. */
  async function buyer(username: string, cents: number): Promise<Person> {
    const person = await arrives(other.call, username);
    expect((await person.charge(usd(cents))).status).toBe(201);
    return person;
  }

  const buys = (person: Person, quantity: number, key: string = randomUUID()): Promise<Reply> =>
    orders.call('/v1/orders', {
      method: 'POST',
      headers: { authorization: `Bearer ${person.token}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ items: [{ productId: lamp, quantity }] }),
    });

  /** Asks again while the answer is that it is not known: the breaker lets nobody through for a moment. */
  async function untilKnown(ask: () => Promise<Reply>): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      const reply = await ask();
      if (reply.status !== 503 || attempt === 30) return reply;
      await sleep(200);
    }
  }

  const balanceOf = (person: Person) => person.balance();

  const onHand = async (productId: string) =>
    (
      await books.rows<{ on_hand: string }>(
        'select on_hand from inventory.levels join catalog.variants on id = variant_id where product_id = $1',
        [productId],
      )
    ).map((row) => Number(row.on_hand))[0];

  const endsOf = (person: Person) =>
    w.sql(
      `select o.state, p.state as payment, r.state as stock from orders.orders as o
       left join wallet.payments as p on p.id = o.id left join inventory.reservations as r on r.key = o.id where o.buyer = $1`,
      [person.id],
    );

  /** Waits until nothing is under way, and reads the books. */
  async function atRest(): Promise<void> {
    await expect.poll(() => books.unfinished(), { timeout: 20_000, interval: 50 }).toEqual([]);
    expect(await books.faults()).toEqual([]);
  }

  const token = async (
    secret: string,
    expires: string | null = '30s',
    said: { module?: string; operation?: string; iat?: number | null } = {},
  ) => {
    const { iat, ...names } = said;
    const unsigned = new SignJWT({
      caller: 'orders',
      module: 'wallet',
      operation: 'prove',
      ...names,
      actor: { kind: 'system', id: '', username: 'system', roles: [], permissions: [], sessionId: null },
    })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience('souk-internal');
    if (iat !== null) unsigned.setIssuedAt(iat);
    if (expires !== null) unsigned.setExpirationTime(expires);
    return `Internal ${await unsigned.sign(new TextEncoder().encode(secret))}`;
  };

  const knocks = (server: Server, authorization: string | undefined) =>
    server.call('/internal/wallet/prove', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
      body: JSON.stringify({ input: {} }),
    });
});
