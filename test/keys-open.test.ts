import { beforeAll, expect, test } from 'vitest';
import { operationId, scopesOf } from '#kernel/routes.ts';
import { sendProducts } from './importing.ts';
import { objectsOfAnother } from './owned-objects.ts';
import { type Person, usd } from './people.ts';
import { announceFor, announcing } from './uploading.ts';
import { review, waiting } from './waiting.ts';
import { type World, world } from './world.ts';

/** Every call that a scope opens, made with a key that has it and nothing else: no account stands behind what is written then. */

let w: World;
let root: Person;

beforeAll(async () => {
  w = await world();
  root = await w.admin();
});

interface Asked {
  /** Where it asks for what is the key's own, made of its id. */
  path: string | ((keyId: string) => Promise<string>);
  body?: unknown;
  /** Sent as it is, as a file of products. */
  csv?: string;
}

/** Each call on an object that it can be made on, with the example of the OpenAPI document where no other body stands here. */
async function callsOf(): Promise<Record<string, Asked>> {
  const { username, objects } = await objectsOfAnother(w);
  const victim = await w.person(username);
  const idOf = (what: string) => objects[what]?.params.id;
  const draft = async () => {
    const { body } = await victim.post('/v1/products', { name: 'Draft', category: 'food', price: usd(1_00), stock: 5 });
    return body.id as string;
  };
  const banner = async () => (await root.post('/v1/banners', {})).body.id as string;
  const category = async (name: string) => (await root.post('/v1/categories', { name })).body.id as string;
  const submitted = async () => {
    const id = await draft();
    await victim.post(`/v1/products/${id}/submit`);
    return id;
  };
  const reviewed = async () => {
    const lamp = await root.lists({ price: usd(1_00) });
    return (await victim.post(`/v1/products/${lamp}/reviews`, { rating: 4, comment: 'Bright.' })).body.id as string;
  };
  const placed = async (...steps: string[]) => {
    const { id } = (await victim.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] })).body;
    for (const step of steps) await root.post(`/v1/orders/${id}/${step}`);
    return `/v1/orders/${id}`;
  };
  const lamp = await root.lists({ price: usd(1_00) });
  const paidOut = async () => {
    const sue = await w.seller('sue');
    const shirt = await sue.lists({ price: usd(2_00) });
    const { id } = (await victim.post('/v1/orders', { items: [{ productId: shirt, quantity: 1 }] })).body;
    for (const step of ['packed', 'delivered']) await root.post(`/v1/orders/${id}/${step}`);
    return (await sue.post('/v1/payouts', usd(1_00))).body.id as string;
  };
  await w.sql(
    `insert into kernel.outbox (id, kind, name, payload, created_at) values (gen_random_uuid(), 'job', 'wallet.pay-back', '{"deductionId":"no id"}', now())`,
  );
  for (let turn = 0; turn < 12; turn++) await w.step();
  const letter = (await root.get('/v1/dead-letters')).body.items[0].id;
  const [journal] = await w.sql<{ id: string }>('select id from wallet.journals limit 1');
  const [shipment] = await w.sql<{ id: string }>('select id from fulfilment.shipments limit 1');
  const customer = `/v1/customers/${username}`;
  const order = `/v1/orders/${idOf('order')}`;
  const product = `/v1/products/${idOf('product')}`;
  const { body: hook } = await root.post('/v1/webhooks', { url: 'http://127.0.0.1:9/', events: ['orders.order-placed'] });
  await placed();
  await w.step();
  const webhook = `/v1/webhooks/${hook.id}`;
  const sent = (await root.get(`${webhook}/deliveries`)).body.items[0].id;
  const imported = (await sendProducts(w, root, 'id,name,price,currency\nR-1,Root,1,USD')).body.id;
  return {
    getWebhooks: { path: '/v1/webhooks' },
    getWebhooksById: { path: webhook },
    getWebhooksByIdDeliveries: { path: `${webhook}/deliveries` },
    postWebhooksByIdDeliveriesByDeliveryIdRedelivery: { path: `${webhook}/deliveries/${sent}/redelivery` },
    postWebhooksByIdPause: { path: `${webhook}/pause` },
    postWebhooksByIdResume: { path: `${webhook}/resume` },
    getEvents: { path: '/v1/events' },
    getAudit: { path: '/v1/audit' },
    getDeadLetters: { path: '/v1/dead-letters' },
    postDeadLettersByIdRetry: { path: `/v1/dead-letters/${letter}/retry` },
    postDeadLettersRetry: { path: '/v1/dead-letters/retry' },
    getCustomers: { path: '/v1/customers' },
    getCustomersByUsername: { path: customer },
    getCustomersByUsernamePurchases: { path: `${customer}/purchases` },
    getCustomersByUsernameWallet: { path: `${customer}/wallet` },
    getCustomersByUsernameWalletSales: { path: `${customer}/wallet/sales` },
    getCustomersByUsernameWalletTransfers: { path: `${customer}/wallet/transfers` },
    getPayoutsById: { path: `/v1/payouts/${await paidOut()}` },
    getLedgerProof: { path: '/v1/ledger/proof' },
    getLedgerPlatform: { path: '/v1/ledger/platform' },
    getLedgerJournalsById: { path: `/v1/ledger/journals/${journal?.id}` },
    getOrdersById: { path: order },
    postNotificationsBounces: { path: '/v1/notifications/bounces' },
    postOrdersByIdPacked: { path: `${await placed()}/packed` },
    postOrdersByIdShipped: { path: `${await placed('packed')}/shipped` },
    postOrdersByIdDelivered: { path: `${await placed('packed')}/delivered` },
    getOrdersByIdReturns: { path: `${order}/returns` },
    getShipments: { path: '/v1/shipments' },
    getShipmentsById: { path: `/v1/shipments/${shipment?.id}` },
    getModerationQueue: { path: '/v1/moderation/queue' },
    postModerationByIdDecision: { path: `/v1/moderation/${(await waiting(w, review())).id}/decision` },
    postUsersByUserIdSuspension: { path: `/v1/users/${(await w.person('spammer')).id}/suspension` },
    postReviewsByIdModeration: { path: `/v1/reviews/${await reviewed()}/moderation` },
    deleteReviewsById: { path: `/v1/reviews/${await reviewed()}` },
    postProductsByIdImages: { path: `${product}/images` },
    putProductsByIdImages: { path: `${product}/images` },
    deleteProductsByIdImagesByImageId: { path: `${product}/images/${objects['product image']?.params.imageId}` },
    postCategoriesByIdImage: { path: `/v1/categories/${await category('With an image')}/image` },
    postImportsProducts: { path: '/v1/imports/products', csv: 'id,name,price,currency\nK-1,Key,1,USD' },
    getImportsById: { path: `/v1/imports/${imported}` },
    getExportsProducts: { path: '/v1/exports/products' },
    getProductApprovals: { path: '/v1/product-approvals' },
    getMediaById: { path: async (id) => `/v1/media/${(await announceFor(w, { id }, announcing(Buffer.alloc(1)))).id}` },
    postBanners: { path: '/v1/banners' },
    patchBannersById: { path: `/v1/banners/${await banner()}` },
    postBannersByIdImage: { path: `/v1/banners/${await banner()}/image` },
    deleteBannersById: { path: `/v1/banners/${await banner()}` },
    postCategories: { path: '/v1/categories', body: { name: 'By a key' } },
    patchCategoriesById: { path: `/v1/categories/${await category('Renamed')}`, body: { name: 'By a key' } },
    deleteCategoriesById: { path: `/v1/categories/${await category('Deleted')}` },
    patchProductsById: { path: `/v1/products/${await draft()}` },
    deleteProductsById: { path: `/v1/products/${await draft()}` },
    postProductsByIdSubmit: { path: `/v1/products/${await draft()}/submit` },
    postProductsByIdApprove: { path: `/v1/products/${await submitted()}/approve` },
    postProductsByIdReject: { path: `/v1/products/${await submitted()}/reject` },
    postProductsByIdStock: { path: `${product}/stock`, body: { change: 1, reason: 'delivery' } },
    getProductsByIdStock: { path: `${product}/stock` },
  };
}

test('every call that a scope opens works for a key with that scope', async () => {
  const calls = await callsOf();
  const document = w.souk.openapi() as {
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, { example: unknown }> } }>>;
  };
  const routes = w.souk.routes.filter(({ route }) => scopesOf(route.spec).length > 0);
  expect(routes.length).toBeGreaterThan(20);
  const opened = new Set(routes.map(({ route }) => operationId(route)));
  expect(Object.keys(calls).filter((operation) => !opened.has(operation))).toEqual([]);
  for (const { route } of routes) {
    const operation = operationId(route);
    const asked = calls[operation];
    if (!asked) throw new Error(`test/keys-open.test.ts has no call of ${operation}, which a key may make`);
    const example = document.paths[`/v1${route.path}`]?.[route.method.toLowerCase()]?.requestBody?.content['application/json']?.example;
    const body = asked.body ?? example;
    const key = await w.partner(`A system for ${operation}`, [scopesOf(route.spec)[0]!]);
    const reply = await w.fetch(typeof asked.path === 'string' ? asked.path : await asked.path(key.id), {
      method: route.method,
      body: asked.csv ?? (body === undefined ? undefined : JSON.stringify(body)),
      headers: {
        'x-api-key': key.key,
        ...(body === undefined && !asked.csv ? {} : { 'content-type': asked.csv ? 'text/csv' : 'application/json' }),
        ...(route.spec.idempotent ? { 'idempotency-key': operation } : {}),
      },
    });
    expect(reply.status, `${operation} ${JSON.stringify(reply.body)}`).toBeLessThan(300);
    if (route.method === 'GET') continue;
    const audited = await w.sql('select operation, outcome from kernel.audit where actor_kind = $1 and actor_id = $2', ['key', key.id]);
    expect(audited).toEqual([{ operation, outcome: 'done' }]);
  }
  for (let turn = 0; turn < 3; turn++) await w.step(); // what the calls left to jobs and events works as well
  expect(await w.sql('select from kernel.outbox where sent_at is null')).toEqual([]);
  const queues = (await root.get('/v1/dead-letters')).body.items.map(({ queue }: { queue: string }) => queue);
  expect(queues.filter((queue: string) => queue !== 'wallet.pay-back')).toEqual([]);
}, 90_000);
