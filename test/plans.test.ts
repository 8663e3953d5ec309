import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hours, minutes } from '#kernel/clock.ts';
import { resealAll } from '../apps/reseal.ts';
import { importProducts } from './importing.ts';
import { PASSWORD, type Person, usd } from './people.ts';
import { lamp } from './sample-products.ts';
import { enrol, TOTP_PATH } from './second-factor.ts';
import { type World, world } from './world.ts';

/**
 * Every statement that Souk sends has an index to go by: with sequential scans out of favour, PostgreSQL plans one only
 * where there is no other way. How the planner chooses at 100,000 rows, plans.test.ts of catalog and inventory ask.
 */

let w: World;
let client: pg.Client;

beforeAll(async () => {
  w = await world({ env: { FACEBOOK_CLIENT_ID: 'souk', FACEBOOK_CLIENT_SECRET: 'a secret of a test' } });
  client = new pg.Client({ connectionString: w.databaseUrl });
  await client.connect();
  await client.query('set enable_seqscan = off');
});

afterAll(() => client.end());

/** Small tables that never grow with sales, and work that is meant to read all there is. */
const READ_WHOLE: readonly { table: string; statement: RegExp; why: string }[] = [
  { table: 'categories', statement: /./, why: 'a handful of rows' },
  { table: 'signing_keys', statement: /./, why: 'a key each quarter' },
  { table: 'rollup_progress', statement: /./, why: 'one row' },
  { table: 'walk', statement: /./, why: 'one row' },
  {
    table: '',
    statement: /^\s*with (sides|checkpoint) as/,
    why: 'the proof recomputes the whole ledger, or what came since its checkpoint',
  },
  { table: '', statement: /delete from kernel\.(outbox|consumed)/, why: 'forgets the oldest rows, which lie first' },
];

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  Plans?: PlanNode[];
}

const readWhole = (node: PlanNode): string[] => [
  ...(node['Node Type'] === 'Seq Scan' ? [node['Relation Name'] ?? '?'] : []),
  ...(node.Plans ?? []).flatMap(readWhole),
];

async function withoutIndex(text: string): Promise<string[]> {
  if (!/^\s*(select|insert|update|delete|with)\b/i.test(text)) return [];
  const { rows } = await client.query(`explain (format json, generic_plan) ${text}`);
  const tables = readWhole(rows[0]['QUERY PLAN'][0].Plan);
  return tables.filter((table) => !READ_WHOLE.some((known) => (known.table === '' || known.table === table) && known.statement.test(text)));
}

test('every statement of a day in the life of a shop goes by an index', async () => {
  const statements = new Set(await w.statements(dayInTheLife));
  const unindexed: string[] = [];
  for (const text of statements)
    for (const table of await withoutIndex(text)) unindexed.push(`${table}: ${text.replaceAll(/\s+/g, ' ').slice(0, 200)}`);

  expect(unindexed).toEqual([]);
  expect(statements.size).toBeGreaterThan(60);
});

test('a statement without an index is noticed', async () => {
  expect(await withoutIndex('select id from orders.orders where total = $1')).toEqual(['orders']);
  expect(await withoutIndex('select id from orders.orders where id = $1')).toEqual([]);
});

async function secondFactorOf(w: World, finn: Person): Promise<void> {
  const { person, app, recoveryCodes } = await enrol(w, finn);
  await person.post('/v1/auth/step-up', { code: app.next() });
  await w.post('/v1/auth/sign-in', { username: 'finn', password: PASSWORD, code: recoveryCodes[0] });
  await person.post(`${TOTP_PATH}/recovery-codes`);
  await person.delete(TOTP_PATH);
}

/** As far as a browser comes without a provider at the other end; what the provider says is told to identity. */
async function signsInElsewhere(w: World): Promise<void> {
  const begun = await w.get('/v1/auth/social/facebook');
  const { state } = Object.fromEntries(new URL(begun.headers.get('location') ?? '').searchParams);
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  await w.get(`/v1/auth/social/facebook/callback?error=access_denied&state=${state}`, { cookie });
  const told = { provider: 'facebook', email: 'ann@example.com', emailVerified: true, fullName: 'Ann' };
  for (const email of ['ann@example.com', 'eva@example.com']) await w.ask('identity', 'accountOfLink', { ...told, subject: email, email });
  await w.ask('identity', 'accountOfLink', { ...told, subject: 'eva@example.com', email: null });
  await w.post('/v1/auth/social/sign-in', { ticket: 'guessed' });
}

async function dayInTheLife(): Promise<void> {
  const [root, sue, bob] = [await w.admin(), await w.seller('sue'), await w.buyer('bob', { balance: usd(500_00) })];
  const json = { 'content-type': 'application/json' };
  await w.post('/v1/auth/sign-up', { email: 'ann@example.com', password: PASSWORD, fullName: 'Ann' });
  await w.step();
  const code = /\d{6}/.exec(w.mail('ann@example.com')?.text ?? '')?.[0];
  await w.post('/v1/auth/resend-code', { email: 'ann@example.com' });
  await w.post('/v1/auth/confirm-sign-up', { email: 'ann@example.com', code });
  const tokens = await w.post('/v1/auth/sign-in', { username: 'sue', password: PASSWORD }, json);
  await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: tokens.body.refreshToken });
  await secondFactorOf(w, await w.person('finn'));
  await signsInElsewhere(w);
  const courier = await w.partner('Couriers', ['audit:read']);
  await courier.get('/v1/audit');
  await root.get('/v1/api-keys');
  await root.delete(`/v1/api-keys/${courier.id}`);
  await w.partner('Others', ['audit:read']);
  const product = await sue.lists(lamp);
  await root.get('/v1/product-approvals');
  await w.get('/v1/banners?placement=home');
  await root.delete(`/v1/banners/${(await root.post('/v1/banners', {})).body.id}`);
  const { body: category } = await root.post('/v1/categories', { name: 'Lamps', parent: 'electronics' });
  await root.patch(`/v1/categories/${category.id}`, { name: 'Lights', parent: null, slug: 'lights' });
  await root.get('/v1/products?category=lights&type=lamp');
  await root.delete(`/v1/categories/${category.id}`);
  await sue.patch(`/v1/products/${product}`, { description: 'Brighter.' });
  await root.post(`/v1/products/${product}/approve`);
  await sue.post(`/v1/products/${product}/stock`, { change: 50, reason: 'delivery' });
  const order = await bob.post('/v1/orders', { items: [{ productId: product, quantity: 2 }] });
  await bob.post('/v1/orders', { items: [{ productId: product, quantity: 99_999 }] });
  await bob.post('/v1/orders', { items: [{ productId: product, quantity: 1 }], payment: 'cash_on_delivery' });
  const sold = await bob.post('/v1/sales', { good: 'Lamp' });
  for (const step of ['packed', 'shipped', 'delivered']) await sue.post(`/v1/orders/${order.body.id}/${step}`);
  const one = { items: [{ productId: product, quantity: 1 }], reason: 'Too bright.' };
  await bob.post(`/v1/orders/${order.body.id}/returns`, one);
  const asked = (await sue.get(`/v1/orders/${order.body.id}/returns`)).body.items[0];
  await sue.post(`/v1/orders/${order.body.id}/returns/${asked.id}/acceptance`);
  await root.post(`/v1/orders/${order.body.id}/refunds`, one);
  await w.ask('wallet', 'collectCash', {
    key: order.body.id.replace(/^./, 'f'),
    payer: bob.id,
    currency: 'USD',
    share: { payee: sue.id, amount: 99_999_99, commission: 1 },
  });
  const [small, large] = [await sue.post('/v1/payouts', usd(1_00)), await sue.post('/v1/payouts', usd(50_000_00))];
  if (small.status !== 201 || large.status !== 201) throw new Error('nothing was paid out');
  await root.post(`/v1/payouts/${large.body.id}/approval`, { approve: false, reason: 'Too much.' });
  for (const who of [sue, root]) for (const path of ['', '?state=pending', `/${small.body.id}`]) await who.get(`/v1/payouts${path}`);
  await sue.get('/v1/customers/sue/wallet/sales');
  await w.ask('wallet', 'explain.order', { id: order.body.id, shipments: [] });
  await bob.post(`/v1/orders/${sold.body.id}/cancel`);
  for (const who of [sue, root]) await who.get('/v1/shipments?state=placed');
  await bob.post('/v1/customers/bob/wallet/deduct', usd(1_00));
  for (const path of ['wallet', 'wallet/transfers', 'purchases']) await bob.get(`/v1/customers/bob/${path}`);
  for (const path of ['/v1/orders', `/v1/orders/${order.body.id}`, '/v1/orders?state=placed', '/v1/auth/me']) await bob.get(path);
  for (const path of ['/v1/audit', '/v1/audit?operation=postOrders', `/v1/audit?actor=${bob.id}`, '/v1/dead-letters', '/v1/ledger/proof'])
    await root.get(path);
  for (const path of ['', '?q=lamp', '?q=lmap', '?sort=price', `/${product}`]) await w.get(`/v1/products${path}`);
  for (const path of ['/v1/categories', '/v1/sales/goods', '/v1/sales/goods/Lamp', '/.well-known/jwks.json']) await w.get(path);
  await sue.get(`/v1/products/${product}/stock`);
  for (const passed of [minutes(1), minutes(20), hours(30), hours(60)]) {
    w.clock.advance(passed);
    await w.step();
  }
  await sue.patch('/v1/customers/sue', { address: '3 Rue du Lac', email: 'sue2@example.com', currentPassword: PASSWORD });
  for (const path of ['', '?email=bob@example.com', '?limit=1']) await root.get(`/v1/customers${path}`);
  const staff = await w.person('root', ['admin']); // the token of before has expired
  for (const price of [1, 2])
    await importProducts(w, staff, `id,name,category,sku,price,currency,stock\nCUP-1,Cup,food,C,${price},USD,${price}\nBAD,,,,x,USD,1`);
  await staff.get('/v1/exports/products');
  const { id: favorite } = (await bob.post('/v1/favorites', { productId: product, notify: { backInStock: true, priceFell: true } })).body;
  await bob.post('/v1/favorites', { productId: product });
  await bob.post('/v1/favorites', { userId: sue.id });
  await bob.get('/v1/favorites');
  await bob.patch(`/v1/favorites/${favorite}`, { notify: { priceFell: true } });
  await bob.delete(`/v1/favorites/${favorite}`);
  await bob.get('/v1/customers/bob/export');
  await w.get(`/v1/users/${bob.id}/profile`);
  await bob.delete('/v1/customers/bob');
  await resealAll(w.souk);
  for (const module of ['identity', 'wallet', 'orders']) await w.ask(module, 'reseal', { after: `0:${bob.id}`, limit: 1 });
  await sue.delete(`/v1/products/${product}`);
  await (await w.person('ned')).delete('/v1/customers/ned');
  w.clock.advance(minutes(3));
  await w.step();
  await sue.post('/v1/auth/sign-out');
}
