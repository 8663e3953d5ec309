import { beforeAll, describe, expect, test } from 'vitest';
import { type PartnerSystem, type Person, usd } from '../../../test/people.ts';
import { type Bearer, type PlatformClient, platformClient, said } from '../../../test/platform-client.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let phone: string;
let warehouse: PartnerSystem;
let courier: PartnerSystem;
let bob: Bearer;
let keeper: Person;
let client: PlatformClient;
const post: PlatformClient['post'] = (...call) => client.post(...call);
const customer = (username: string) => client.customer(username);
const turns = async () => {
  for (let turn = 0; turn < 4; turn++) await w.step();
};

beforeAll(async () => {
  w = await world();
  client = platformClient(w);
  keeper = await w.person('keeper', ['admin']);
  phone = await keeper.lists({
    ...{ name: 'Nour 6', category: 'phone', price: usd(0) },
    variants: [{ options: { color: 'black' }, price: usd(299_50), stock: 12 }],
  });
  warehouse = await w.partner('The warehouse', ['orders:pack']);
  courier = await w.partner('The courier', ['orders:deliver']);
  bob = await customer('bob@mail.example');
});

describe('an order', () => {
  test('costs what the item shows, whichever variants are left', async () => {
    const max = await customer('max@mail.example');
    const id = await keeper.lists({
      ...{ name: 'Sahel 2', category: 'phone', price: usd(0) },
      variants: [
        { options: { color: 'black' }, price: usd(10_00), stock: 0 },
        { options: { color: 'black', storage: '1 TB' }, price: usd(80_00), stock: 9 },
        { options: { color: 'red' }, price: usd(10_00), stock: 2 },
        { options: { color: 'gold' }, price: usd(90_00), stock: 9 },
      ],
    });
    const order = (...items: object[]) => max.post('/orders', { items: items.map((item) => ({ id, count: 1, ...item })) });
    expect(said(await order({ color: 1 }))).toEqual([409, { message: expect.stringContaining('not enough units') }]);
    expect(said(await order({ color: 3 }))).toEqual([409, { message: expect.stringContaining('not sold at the price that is shown') }]);
    expect(said(await order({ count: 3 }))).toEqual([409, { message: expect.stringContaining('not enough units') }]);
    const { orderId } = (await order({ count: 2 })).body;
    expect((await keeper.get(`/v1/orders/${orderId}`)).body.total).toEqual(usd(20_00));
  });

  test('of one item in two lines is of two variants where one has too few, and of the next where the shown stock is late', async () => {
    const ned = await customer('ned@mail.example');
    const id = await keeper.lists({
      ...{ name: 'Twin', category: 'electronics', price: usd(0) },
      variants: [
        { options: { storage: '1' }, price: usd(1_00), stock: 3 },
        { options: { storage: '2' }, price: usd(1_00), stock: 5 },
      ],
    });
    const storagesOf = async (orderId: string) =>
      (await keeper.get(`/v1/orders/${orderId}`)).body.items.map(({ options }: { options: Record<string, string> }) => options.storage);
    const line = { id, count: '2' };
    // no turn between the orders: what products show is late
    const placed = await ned.post('/orders', { items: [line, line] });
    expect(await storagesOf(placed.body.orderId)).toEqual(['1', '2']);
    const late = await ned.post('/orders', { items: [line] });
    expect(await storagesOf(late.body.orderId)).toEqual(['2']);
  });

  test('that was cancelled is not packed or delivered, and partners are told so', async () => {
    const { orderId } = (await bob.post('/orders', { items: [{ id: phone, count: 1, color: '1' }] })).body;
    expect((await keeper.post(`/v1/orders/${orderId}/cancel`)).status).toBe(200);
    const refused = [409, { message: expect.any(String) }];
    expect(said(await post(`/orderpacked/${orderId}`, undefined, { authorization: warehouse.key }))).toEqual(refused);
    expect(said(await post(`/orderdelivered/${orderId}`, undefined, { authorization: courier.key }))).toEqual(refused);
    expect(await w.post(`/v1/orders/${orderId}/packed`, {}, { 'x-api-key': warehouse.key })).toBeProblem(409, 'fulfilment/wrong-state');
    const again = await bob.post('/orders', { items: [{ id: phone, count: 1, color: '1' }] });
    expect(again.status).toBe(200);
    expect(again.body.orderId).not.toBe(orderId);
  });

  test('that is too large, or of a seller who is leaving, is refused with a sentence', async () => {
    const refused = [409, { message: expect.any(String) }];
    const gold = await keeper.lists({ name: 'Gold', category: 'phone', price: usd(99_999_999_999), stock: 50 });
    expect(said(await bob.post('/orders', { items: [{ id: gold, count: 11 }] }))).toEqual(refused);
    const lou = await w.seller('lou');
    const hat = await lou.lists({ name: 'Hat', category: 'clothes', price: usd(1_00), stock: 5 });
    await w.ask('orders', 'life.close', { accountId: lou.id });
    expect(said(await bob.post('/orders', { items: [{ id: hat, count: 1 }] }))).toEqual(refused);
  });

  test('shows the email of its buyer until another account proves it', async () => {
    const to = 'oda@mail.example';
    const oda = await customer(to);
    await oda.post('/orders', { items: [{ id: phone, count: 1, color: 1 }] });
    const emails = async () => (await oda.get('/orderslist')).body.map(({ userEmail }: { userEmail: string }) => userEmail);
    expect(await emails()).toEqual([to]);
    await w.post('/v1/auth/sign-up', { email: to, fullName: 'Oda', username: 'oda', password: 'the real Oda' });
    await turns();
    const code = /\d{6}/.exec(w.adapters.email.items(to).find(({ text }) => text.includes('account oda'))!.text)![0];
    expect((await w.post('/v1/auth/confirm-sign-up', { username: 'oda', code })).status).toBe(200);
    expect(await emails()).toEqual([null]);
  });
});
