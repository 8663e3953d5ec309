import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { operationId } from '../src/kernel/routes.ts';
import { sendProducts } from './importing.ts';
import { type Person, type Reply, usd } from './people.ts';
import { type World, world } from './world.ts';

/** Each route that takes an Idempotency-Key, and what it must do with one. A route that is missing here fails the last test. */
interface Case {
  operation: string;
  /** Two people who may call the first path; none where callers are anonymous. */
  people: () => [Person, Person] | undefined;
  /** Two paths that the first of them may call; the same one twice where nothing in it varies. */
  paths: () => [string, string];
  body: () => object;
  otherBody: () => object;
  /** 201 unless it says another. */
  status?: number;
  isFile?: true; // the body holds the text of a file
  /** The reply shows what the path names, so it has one id for all calls. */
  showsThePath?: true;
}

let w: World;
let bob: Person;
let fred: Person;
let root: Person;
let sue: Person;
const products: string[] = [];
const delivered: string[] = [];
const shown: string[] = []; // two categories, then two banners

beforeAll(async () => {
  w = await world();
  sue = await w.seller('sue');
  bob = await w.buyer('bob', { balance: usd(900_00) });
  fred = await w.person('fred', ['admin']);
  await fred.charge(usd(900_00));
  root = await w.admin();
  await w.buyer('cleo', { balance: usd(900_00) });
  for (const { id: payee } of [sue, fred])
    await w.ask('wallet', 'collectCash', {
      key: randomUUID(),
      payer: bob.id,
      currency: 'USD',
      share: { payee, amount: 9_00, commission: 0 },
    });
  for (const debtor of [await w.person('ada'), await w.person('ali')]) {
    const sold = randomUUID();
    const share = { payee: debtor.id, amount: 9_00, commission: 0 };
    await w.ask('wallet', 'collectCash', { key: sold, payer: bob.id, currency: 'USD', share });
    await debtor.post('/v1/payouts', usd(9_00));
    await w.ask('wallet', 'refund', { key: randomUUID(), paymentKey: sold, payee: debtor.id, amount: 9_00 });
  }
  for (const name of ['Lamp', 'Chair']) products.push(await sue.lists({ name, price: usd(1_00), stock: 50 }));
  for (const name of ['Rugs', 'Vases']) shown.push((await root.post('/v1/categories', { name })).body.id);
  for (const placement of ['home', 'cart']) shown.push((await root.post('/v1/banners', { placement })).body.id);
  for (const quantity of [20, 20]) {
    const { id } = (await bob.post('/v1/orders', item(quantity))).body;
    for (const step of ['packed', 'delivered']) await root.post(`/v1/orders/${id}/${step}`);
    delivered.push(id);
  }
});

const only = (path: string) => (): [string, string] => [path, path];
const ofTwo = (path: (product: string) => string) => (): [string, string] => [path(products[0]!), path(products[1]!)];
const ofDelivered = (what: string) => (): [string, string] => [`/v1/orders/${delivered[0]}/${what}`, `/v1/orders/${delivered[1]}/${what}`];
const item = (quantity: number) => ({ items: [{ productId: products[0], quantity }] });
const person = (username: string) => ({ username, password: 'correct horse battery', fullName: 'Jane Doe' });

const registration = (username: string) => ({
  ...person(username),
  birthDate: '1992-04-17',
  address: '12 Rue de Carthage, 1000 Tunis',
  gender: 'female',
  maritalStatus: 'married',
});

const image = {
  body: () => ({ fileName: 'lamp.jpg', contentType: 'image/jpeg', sizeBytes: 9 }),
  otherBody: () => ({ fileName: 'lamp.jpg', contentType: 'image/jpeg', sizeBytes: 10 }),
};

const CASES: Case[] = [
  {
    operation: 'postCustomersByUsernameWalletCharge',
    people: () => [fred, root],
    paths: () => ['/v1/customers/bob/wallet/charge', '/v1/customers/cleo/wallet/charge'],
    body: () => ({ ...usd(5_00), source: '4242424242424242' }),
    otherBody: () => ({ ...usd(6_00), source: '4242424242424242' }),
  },
  {
    operation: 'postCustomersByUsernameWalletDeduct',
    people: () => [fred, root],
    paths: () => ['/v1/customers/bob/wallet/deduct', '/v1/customers/cleo/wallet/deduct'],
    body: () => ({ ...usd(1_00), reason: 'counted twice' }),
    otherBody: () => ({ ...usd(1_00), reason: 'another reason' }),
  },
  {
    operation: 'postCustomersByUsernameWalletWriteOff',
    people: () => [fred, root],
    paths: () => ['/v1/customers/ada/wallet/write-off', '/v1/customers/ali/wallet/write-off'],
    body: () => ({ ...usd(1_00), reason: 'Sells no more.' }),
    otherBody: () => ({ ...usd(1_00), reason: 'Another reason.' }),
  },
  { operation: 'postPayouts', people: () => [sue, fred], paths: only('/v1/payouts'), body: () => usd(1_00), otherBody: () => usd(2_00) },
  { operation: 'postOrders', people: () => [bob, fred], paths: only('/v1/orders'), body: () => item(1), otherBody: () => item(2) },
  {
    operation: 'postSales',
    people: () => [bob, fred],
    paths: only('/v1/sales'),
    body: () => ({ good: 'Lamp' }),
    otherBody: () => ({ good: 'Lamp', quantity: 2 }),
  },
  {
    operation: 'postOrdersByIdReturns',
    people: () => [bob, bob],
    paths: ofDelivered('returns'),
    body: () => ({ ...item(1), reason: 'Too bright.' }),
    otherBody: () => ({ ...item(2), reason: 'Too bright.' }),
    status: 200,
    showsThePath: true,
  },
  {
    operation: 'postOrdersByIdRefunds',
    people: () => [fred, root],
    paths: ofDelivered('refunds'),
    body: () => ({ ...item(1), reason: 'Broken.' }),
    otherBody: () => ({ ...item(2), reason: 'Broken.' }),
    status: 200,
    showsThePath: true,
  },
  {
    operation: 'postProductsByIdStock',
    people: () => [sue, root],
    paths: ofTwo((id) => `/v1/products/${id}/stock`),
    body: () => ({ change: 3, reason: 'delivery' }),
    otherBody: () => ({ change: 4, reason: 'delivery' }),
  },
  {
    operation: 'postProducts',
    people: () => [sue, bob],
    paths: only('/v1/products'),
    body: () => ({ name: 'Rug', category: 'food', price: usd(1_00), stock: 1 }),
    otherBody: () => ({ name: 'Rug', category: 'food', price: usd(1_00), stock: 2 }),
  },
  {
    operation: 'postProductsByIdImages',
    people: () => [sue, root],
    paths: ofTwo((id) => `/v1/products/${id}/images`),
    ...image,
  },
  {
    operation: 'postBanners',
    people: () => [root, fred],
    paths: only('/v1/banners'),
    body: () => ({ placement: 'home' }),
    otherBody: () => ({ placement: 'cart' }),
  },
  {
    operation: 'postCategories',
    people: () => [root, fred],
    paths: only('/v1/categories'),
    body: () => ({ name: 'سماعات' }), // its slug is made by chance
    otherBody: () => ({ name: 'قهوة' }),
  },
  {
    operation: 'postCategoriesByIdImage',
    people: () => [root, fred],
    paths: () => [`/v1/categories/${shown[0]}/image`, `/v1/categories/${shown[1]}/image`],
    ...image,
  },
  {
    operation: 'postBannersByIdImage',
    people: () => [root, fred],
    paths: () => [`/v1/banners/${shown[2]}/image`, `/v1/banners/${shown[3]}/image`],
    ...image,
  },
  {
    operation: 'postImportsProducts',
    people: () => [root, fred],
    paths: only('/v1/imports/products'),
    body: () => ({ file: 'id,name,price,currency\nK-1,Kite,1,USD' }),
    otherBody: () => ({ file: 'id,name,price,currency\nK-1,Kite,2,USD' }),
    status: 202,
    isFile: true,
  },
  { operation: 'postUsersProfilePicture', people: () => [bob, fred], paths: only('/v1/users/profile/picture'), ...image },
  {
    operation: 'postFavorites',
    people: () => [bob, fred],
    paths: only('/v1/favorites'),
    body: () => ({ productId: products[0], notify: { priceFell: true } }),
    otherBody: () => ({ productId: products[1] }),
  },
  {
    operation: 'postProductsByIdReviews',
    people: () => [bob, fred],
    paths: ofTwo((id) => `/v1/products/${id}/reviews`),
    body: () => ({ rating: 5, comment: 'It bends.' }),
    otherBody: () => ({ rating: 4, comment: 'It bends.' }),
  },
  {
    operation: 'postApiKeys',
    people: () => [fred, root],
    paths: only('/v1/api-keys'),
    body: () => ({ name: 'Carthage Couriers', scopes: ['orders:ship'] }),
    otherBody: () => ({ name: 'Carthage Couriers', scopes: ['orders:pack'] }),
  },
  {
    operation: 'postWebhooks',
    people: () => [fred, root],
    paths: only('/v1/webhooks'),
    body: () => ({ url: 'http://127.0.0.1:9/', events: ['orders.order-placed'] }),
    otherBody: () => ({ url: 'http://127.0.0.1:9/', events: ['orders.order-rejected'] }),
  },
  {
    operation: 'postCustomers',
    people: () => undefined,
    paths: only('/v1/customers'),
    body: () => registration('jane-doe'),
    otherBody: () => registration('jane-roe'),
  },
  {
    operation: 'postAuthSignUp',
    people: () => undefined,
    paths: only('/v1/auth/sign-up'),
    body: () => ({ ...person('john-doe'), email: 'john@example.com' }),
    otherBody: () => ({ ...person('john-roe'), email: 'john@example.com' }),
  },
];

const isReplay = (reply: Reply) => reply.headers.get('idempotent-replayed') === 'true';
const idOf = ({ body }: Reply): string => body.id ?? body.user.id;

test('a key with an id in capital letters is the key of the same call', async () => {
  const key = { 'idempotency-key': randomUUID() };
  const first = await bob.post('/v1/orders', item(1), key);
  const again = await bob.post('/v1/orders', { items: [{ productId: products[0]!.toUpperCase(), quantity: 1 }] }, key);
  expect([again.status, again.body, isReplay(again)]).toEqual([201, first.body, true]);
});

describe.each(CASES)('a key of $operation', ({ people, paths, body, otherBody, status = 201, showsThePath, isFile }) => {
  const key = { 'idempotency-key': `one-key-for-all-${randomUUID().slice(0, 4)}` };
  const call = (path: string, sent: object, caller = people()?.[0]) => {
    if (isFile && caller) return sendProducts(w, caller, (sent as { file: string }).file, key);
    return caller ? caller.post(path, sent, key) : w.post(path, sent, key);
  };

  test('answers the same call as the first time, and refuses another body or another path', async () => {
    const [path, otherPath] = paths();
    const first = await call(path, body());
    expect([first.status, isReplay(first)], JSON.stringify(first.body)).toEqual([status, false]);
    const again = await call(path, body());
    expect([again.status, isReplay(again), idOf(again)]).toEqual([status, true, idOf(first)]);
    expect(await call(path, otherBody())).toBeProblem(422, 'idempotency-key-reused');
    if (otherPath === path) return;
    expect(await call(otherPath, body())).toBeProblem(422, 'idempotency-key-reused');
    const shouted = await call(
      path.replace(/(customers|products)\/[^/]+/, (part) => part.replace(/[^/]+$/, (name) => name.toUpperCase())),
      body(),
    );
    expect([shouted.status, isReplay(shouted), idOf(shouted)]).toEqual([status, true, idOf(first)]);
  });

  test("is the caller's own: another person with the same key does the same for themselves", async () => {
    const [one, other] = people() ?? [];
    if (!one || !other) return expect(people()).toBeUndefined(); // nobody is signed in
    if (one === other) return expect(showsThePath).toBe(true); // nobody else may call it
    const [path] = paths();
    const first = await call(path, body(), one);
    const second = await call(path, body(), other);
    expect([second.status, isReplay(second)], JSON.stringify(second.body)).toEqual([status, false]);
    if (!showsThePath) expect(idOf(second)).not.toBe(idOf(first));
    expect(isReplay(await call(path, body(), other))).toBe(true);
    expect(await call(path, otherBody(), other)).toBeProblem(422, 'idempotency-key-reused');
  });
});

test('a reply that refuses again what a key refused before declares how it says so', async () => {
  const { paths, components } = w.souk.openapi() as unknown as {
    paths: Record<string, { post: { responses: Record<string, { $ref: string }> } }>;
    components: { responses: Record<string, { headers: object }> };
  };
  const declared = (path: string, status: number) =>
    Object.keys(components.responses[paths[path]!.post.responses[status]!.$ref.split('/').at(-1)!]!.headers);
  for (const [path, status] of [
    ['/v1/orders', 409],
    ['/v1/sales', 409],
    ['/v1/customers/{username}/wallet/charge', 402],
  ] as const)
    expect(declared(path, status), path).toContain('Idempotent-Replayed');
  expect(declared('/v1/orders', 404)).not.toContain('Idempotent-Replayed');
});

test('every route that takes a key is in this table', () => {
  const keyed = w.souk.routes.filter(({ route }) => route.spec.idempotent).map(({ route }) => operationId(route));
  expect(keyed.sort()).toEqual(CASES.map(({ operation }) => operation).sort());
});
