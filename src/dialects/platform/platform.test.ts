import { beforeAll, describe, expect, test } from 'vitest';
import { type PartnerSystem, tnd, usd } from '../../../test/people.ts';
import { type Bearer, type PlatformClient, platformClient, said } from '../../../test/platform-client.ts';
import { type Receiver, receiver } from '../../../test/receiver.ts';
import { type World, world } from '../../../test/world.ts';

const BASE = '/compat/platform';

let w: World;
let phone: string;
let lamp: string;
let warehouse: PartnerSystem;
let courier: PartnerSystem;
let told: Receiver;
let bob: Bearer;
let client: PlatformClient;
const post: PlatformClient['post'] = (...call) => client.post(...call);
const get: PlatformClient['get'] = (...call) => client.get(...call);
const customer = (username: string) => client.customer(username);

const turns = async () => {
  for (let turn = 0; turn < 4; turn++) await w.step();
};
const subjects = (to: string) => w.adapters.email.items(to).map(({ subject }) => subject);

beforeAll(async () => {
  told = await receiver();
  w = await world({
    env: {
      ...{ COMPAT_WAREHOUSE_URL: `${told.url}/warehouse`, COMPAT_WAREHOUSE_KEY: 'open the warehouse' },
      ...{ COMPAT_DELIVERY_URL: `${told.url}/delivery`, COMPAT_DELIVERY_KEY: 'open the van' },
    },
  });
  client = platformClient(w);
  const shop = await w.person('keeper', ['admin']);
  phone = await shop.lists({
    ...{ name: 'Nour 6', category: 'phone', type: 'smartphone', brand: 'Nour', description: 'Six inches.', price: usd(0) },
    variants: [
      { options: { color: 'black', storage: '64 GB' }, price: usd(299_50), stock: 12 },
      { options: { color: 'blue', storage: '64 GB' }, price: usd(299_50), stock: 2 },
      { options: { color: 'blue', storage: '128 GB' }, price: usd(349_00), stock: 7 },
    ],
  });
  lamp = await shop.lists({ name: 'Lamp', category: 'electronics', price: usd(20_00), stock: 3 });
  await shop.lists({ name: 'Olive phone', category: 'phone', type: 'smartphone', price: tnd(32_500) });
  warehouse = await w.partner('The warehouse', ['orders:pack']);
  courier = await w.partner('The courier', ['orders:deliver']);
  bob = await customer('bob@mail.example');
});

const nour = () => ({
  id: phone,
  title: 'Nour 6',
  company: 'Nour',
  description: 'Six inches.',
  storage: '64 GB, 128 GB',
  colorPreference: [
    { colorCode: 1, displayValue: 'black' },
    { colorCode: 2, displayValue: 'blue' },
  ],
  colorPrefrence: [
    { colorCode: 1, displayValue: 'black' },
    { colorCode: 2, displayValue: 'blue' },
  ],
  category: 'phone',
  type: 'smartphone',
  brand: 'Nour',
  price: 299.5,
});

describe('items of platform', () => {
  test('are those of a category, with the codes of their colours', async () => {
    expect(said(await get('/items?category=phone'))).toEqual([200, [nour()]]);
    expect(said(await get('/items?category=phone&type=smartphone&brand=Nour&page=2'))).toEqual([200, [nour()]]);
    expect(said(await get('/items?category=phone&type=tablet'))).toEqual([200, []]);
    expect(said(await get('/items?category=phone&brand=Sfax'))).toEqual([200, [nour()]]); // without a type it does not count
    expect(said(await get('/items?category=phone&type=smartphone&brand=Sfax'))).toEqual([200, []]);
    expect(said(await get('/items?category=ships'))).toEqual([200, []]);
    expect(said(await get('/items?category=phone%20'))).toEqual([200, [nour()]]);
    expect(said(await get(`/items/${phone}`))).toEqual([200, nour()]);
  });

  test.each(['/items', '/items?category=', '/items?type=smartphone'])('%s is told that the category is missing', async (path) => {
    expect(said(await get(path))).toEqual([400, { message: 'No "Category" query was provided' }]);
  });

  test('that are not there, or not public, are not found', async () => {
    const sue = await w.seller('sue');
    const { id } = (await sue.post('/v1/products', { name: 'Draft', category: 'phone', price: usd(1_00) })).body;
    for (const path of [id, '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01', '17'])
      expect(said(await get(`/items/${path}`))).toEqual([404, { message: 'Item not found' }]);
  });
});

describe('an order of platform', () => {
  test('goes from placed to delivered, with mails to the buyer and word to the partners', async () => {
    const to = 'ida@mail.example';
    const ida = await customer(to);
    const before = w.clock.now().getTime();
    const placed = await ida.post('/orders', {
      items: [
        { id: phone, count: 1, color: 2, note: 'blue!' },
        { id: lamp, count: 1 },
      ],
    });
    expect(said(placed)).toEqual([200, { orderId: expect.any(String) }]);
    const { orderId } = placed.body;
    const order = (status: string, more: object = {}) => ({
      ...{ id: orderId, userId: expect.any(String), userEmail: to, dateCreated: expect.any(Number), ...more, status },
      items: [
        { id: phone, count: 1, color: 2 },
        { id: lamp, count: 1, color: null },
      ],
    });
    expect(said(await ida.get(`/order/${orderId}`))).toEqual([200, order('placed')]);
    expect(said(await ida.get('/orderslist'))).toEqual([200, [order('placed')]]);
    await turns();
    expect(subjects(to)).toEqual(['Order Placed', 'Your confirmation code']);
    const calls = () => told.calls.filter(({ body }) => body.includes(orderId));
    expect(calls().map(({ url, body }) => [url, JSON.parse(body)])).toEqual([['/warehouse', order('placed')]]);
    expect(calls()[0]!.headers).toMatchObject({ authorization: 'open the warehouse', 'x-api-key': 'open the warehouse' });

    const { dateCreated } = (await ida.get(`/order/${orderId}`)).body;
    expect([dateCreated >= before, dateCreated <= w.clock.now().getTime()]).toEqual([true, true]);
    const at = (status: string) => order(status, { dateCreated, dateUpdated: expect.any(Number) });
    w.clock.advance(60_000);
    expect(said(await post(`/orderdelivered/${orderId}`, undefined, { authorization: courier.key }))).toEqual([
      409,
      { message: expect.any(String) },
    ]);
    const packed = [200, { message: 'Order has been marked as packed' }];
    expect(said(await post(`/orderpacked/${orderId}`, undefined, { authorization: warehouse.key }))).toEqual(packed);
    expect(said(await ida.get(`/order/${orderId}`))).toEqual([200, at('packed')]);
    expect((await ida.get(`/order/${orderId}`)).body.dateUpdated - dateCreated).toBeGreaterThanOrEqual(60_000);
    expect(said(await post(`/orderpacked/${orderId}`, {}, { 'x-api-key': warehouse.key }))).toEqual(packed);
    await turns();
    expect(subjects(to).slice(0, 1)).toEqual(['Order Packed']);
    expect(calls().map(({ url }) => url)).toEqual(['/warehouse', '/delivery']);
    expect(calls()[1]!.headers.authorization).toBe('open the van');

    w.clock.advance(60_000);
    const delivered = [200, { message: 'Order Delivered' }];
    for (const _ of [1, 2])
      expect(said(await post(`/orderdelivered/${orderId}`, undefined, { authorization: courier.key }))).toEqual(delivered);
    expect(said(await ida.get(`/order/${orderId}`))).toEqual([200, at('delivered')]);
    await turns();
    expect(subjects(to)).toEqual(['Order Delivered', 'Order Packed', 'Order Placed', 'Your confirmation code']);
    expect(calls()).toHaveLength(2);
  });

  test("is all that partners are told of: orders of Souk's own API are not", async () => {
    const [max, root] = [await w.buyer('max', { balance: usd(90_00) }), await w.admin()];
    const { id } = (await max.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] })).body;
    expect((await root.post(`/v1/orders/${id}/packed`)).status).toBe(200);
    await turns();
    expect(told.calls.filter(({ body }) => body.includes(id))).toEqual([]);
  });

  test('is one for two clicks at once or within ten seconds, and another one after that', async () => {
    const jo = await customer('jo@mail.example');
    const click = async (count = 1) => (await jo.post('/orders', { items: [{ id: phone, count, color: 1 }] })).body.orderId;
    const [one, two] = await Promise.all([click(), click()]);
    w.clock.advance(8_000);
    expect(new Set([one, two, await click()]).size).toBe(1);
    expect(await click(2)).not.toBe(one);
    w.clock.advance(2_100);
    const later = await click();
    expect(later).not.toBe(one);
    expect((await jo.get('/orderslist')).body.map(({ id }: { id: string }) => id)).toHaveLength(3);
    expect((await jo.get('/orderslist')).body[0].id).toBe(later);
  });

  test("is its buyer's alone: for others it is not there", async () => {
    const { orderId } = (await bob.post('/orders', { items: [{ id: phone, count: 1 }] })).body;
    const kim = await customer('kim@mail.example');
    const nothing = [404, { message: 'Order not found' }];
    expect(said(await kim.get(`/order/${orderId}`))).toEqual(nothing);
    expect(said(await kim.get('/order/0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01'))).toEqual(nothing);
    expect(said(await kim.get('/order/17'))).toEqual(nothing);
    expect(said(await kim.get('/orderslist'))).toEqual([200, []]);
  });

  test('for more units than there are is refused, is not listed, and does not count as the order of the next click', async () => {
    const lea = await customer('lea@mail.example');
    const refused = await lea.post('/orders', { items: [{ id: lamp, count: 50 }] });
    expect(said(refused)).toEqual([409, { message: expect.stringContaining('') }]);
    expect(said(await lea.get('/orderslist'))).toEqual([200, []]);
  });

  test.each([
    [{}, 422],
    [{ items: [] }, 422],
    [{ items: 'phone' }, 422],
    [[], 422],
    [{ items: [{ id: 'x', count: 1 }] }, 404],
    [{ items: [{ count: 1 }] }, 422],
    [{ items: [{ id: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01', count: 1 }] }, 404],
    [{ items: [{ id: 'PHONE', count: 0 }] }, 422],
    [{ items: [{ id: 'PHONE', count: 1.5 }] }, 422],
    [{ items: [{ id: 'PHONE', count: '1.5' }] }, 422],
    [{ items: [{ id: 'PHONE', count: 1, color: 3 }] }, 422],
    [{ items: [{ id: 'PHONE', count: 1, color: 0 }] }, 422],
    [{ items: [{ id: 'PHONE', count: 1, color: 'blue' }] }, 422],
  ])('that says %j is refused with a sentence', async (body, status) => {
    const text = JSON.stringify(body).replaceAll('PHONE', phone);
    expect(said(await bob.post('/orders', JSON.parse(text)))).toEqual([status, { message: expect.any(String) }]);
  });

  test('needs a Bearer token', async () => {
    for (const reply of [
      await post('/orders', { items: [] }),
      await get('/orderslist'),
      await get(`/order/${phone}`),
      await client.bearer('x').get('/orderslist'),
    ])
      expect(said(reply)).toEqual([401, { message: expect.any(String) }]);
  });
});

describe('the doors of the partners', () => {
  test.each([
    ['orderpacked', 'Unauthorized (API Key Auth Failed)'],
    ['orderdelivered', 'API Key Auth has failed'],
  ])('%s takes the right key only', async (door, message) => {
    const key = door === 'orderpacked' ? warehouse.key : courier.key;
    const other = door === 'orderpacked' ? courier.key : warehouse.key;
    const path = `/${door}/0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01`;
    for (const authorization of ['', 'Bearer', 'Bearer ', `Bearer ${bob.token}`])
      expect((await post(path, undefined, { authorization, 'x-api-key': key })).status, authorization).toBe(404);
    for (const authorization of [`${key}x`, 'x', `Bearer ${key}`, other, `Bearer ${bob.token}`])
      expect(said(await post(path, undefined, { authorization })), authorization).toEqual([401, { message }]);
    expect(said(await post(path))).toEqual([401, { message }]);
    expect(said(await post(path, undefined, { authorization: other, 'x-api-key': key }))).toEqual([401, { message }]);
    const nothing = [404, { message: 'Order not found' }];
    expect(said(await post(path, undefined, { authorization: key }))).toEqual(nothing);
    expect(said(await post(path, undefined, { authorization: key, 'x-api-key': key }))).toEqual(nothing);
    expect(said(await post(`/${door}/17`, undefined, { 'x-api-key': key }))).toEqual(nothing);
  });
});

describe('around it', () => {
  test('what is not there is refused in its words, and nothing of it answers below /v1', async () => {
    expect(said(await get('/nothing'))).toEqual([404, { message: 'There is nothing here that you may see.' }]);
    expect(said(await post('/items', {}))).toEqual([405, { message: 'This path answers GET, HEAD, OPTIONS.' }]);
    expect(await w.get('/v1/compat/platform/items?category=phone')).toBeProblem(404, 'not-found');
    expect(said(await post('/orders/', { items: [] }))).toEqual([404, { message: 'There is nothing here that you may see.' }]);
    expect((await get('/items')).headers.get('content-type')).toBe('application/json');
  });

  test('it has a document of its own, and Souk’s says nothing of it', async () => {
    const { body } = await get('/openapi.json');
    expect(Object.keys(body.paths)).toContain('/compat/platform/orderpacked/{orderId}');
    expect(body.paths['/compat/platform/signup'].post.responses[400].content['application/json'].examples).toMatchObject({
      'Required fields are missing': { value: { error: 'Missing required fields' } },
    });
    expect(JSON.stringify(w.souk.openapi())).not.toContain('/compat/');
  });

  test('it can be turned off, and an unknown name in SOUK_DIALECTS is refused at the start', async () => {
    const silent = await w.sibling({ SOUK_DIALECTS: 'off' });
    const nothing = await silent.souk.fetch(new Request(`http://souk.test${BASE}/items?category=phone`));
    expect([nothing.status, ((await nothing.json()) as { code: string }).code]).toEqual([404, 'not-found']);
    await expect(w.sibling({ SOUK_DIALECTS: 'klingon' })).rejects.toThrow(/SOUK_DIALECTS names klingon/);
  });
});
