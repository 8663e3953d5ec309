import { createECDH, randomBytes, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { sendProducts } from '../../test/importing.ts';
import { type Person, usd } from '../../test/people.ts';
import { type World, world } from '../../test/world.ts';

let w: World;

beforeAll(async () => {
  w = await world();
});

describe('the audit trail, of what is tried and read', () => {
  const entriesOf = (request: string) =>
    w.sql('select actor_kind, actor_id, subject, outcome, status from kernel.audit where request_id = $1', [request]);

  test('has wrong passwords and codes, with the id of the account if it is known, and never with what was typed', async () => {
    const ann = await w.person('ann-tried');
    const tries: [request: string, path: string, body: object, entry: object][] = [
      ['known', '/v1/auth/sign-in', { username: 'ann-tried', password: 'wrong horse' }, { subject: ann.id, status: 401 }],
      ['unknown', '/v1/auth/sign-in', { username: 'nobody-here', password: 'wrong horse' }, { subject: null, status: 401 }],
      ['refresh', '/v1/auth/token', { grant_type: 'refresh_token', refresh_token: 'x' }, { subject: null, status: 401 }],
      [
        'reset',
        '/v1/auth/reset-password',
        { username: 'ann-tried', code: '000000', newPassword: 'a better horse' },
        { subject: ann.id, status: 403 },
      ],
      ['confirm', '/v1/auth/confirm-sign-up', { username: 'ann-tried', code: '000000' }, { subject: ann.id, status: 403 }],
      ['by-email', '/v1/auth/confirm-sign-up', { email: 'ann-tried@example.com', code: '000000' }, { subject: ann.id, status: 403 }],
      ['nobody', '/v1/auth/confirm-sign-up', { username: 'nobody-here', code: '000000' }, { subject: null, status: 403 }],
      ['ticket', '/v1/auth/social/sign-in', { ticket: 'guessed' }, { subject: null, status: 401 }],
    ];
    for (const [request, path, body, entry] of tries) {
      expect((await w.post(path, body, { 'x-request-id': request })).status, request).toBeGreaterThan(400);
      expect(await entriesOf(request), request).toMatchObject([{ actor_kind: 'anonymous', actor_id: null, outcome: 'refused', ...entry }]);
    }
    const change = { currentPassword: 'wrong horse', newPassword: 'a better horse' };
    await ann.post('/v1/auth/change-password', change, { 'x-request-id': 'change' });
    expect(await entriesOf('change')).toMatchObject([{ actor_id: ann.id, outcome: 'refused', status: 403 }]);
    expect(JSON.stringify(await w.sql('select * from kernel.audit'))).not.toMatch(/nobody-here|ann-tried|wrong horse/);
  });

  test('has refused API keys and wrong passwords as often as the limits allow tries', async () => {
    const limited = await w.sibling({ RATE_LIMITS: 'on' });
    const key = { 'x-api-key': 'guess', 'x-request-id': 'key-guess' };
    for (let n = 0; n < 35; n++) await limited.get('/v1/audit', key);
    const entries = await entriesOf('key-guess');
    expect(entries).toHaveLength(30);
    expect(entries[0]).toMatchObject({ actor_kind: 'anonymous', outcome: 'refused', status: 401 });
  });

  test('has the personal data that staff have read, but no reading of one’s own', async () => {
    const bob = await w.buyer('bob-read', { balance: usd(50_00) });
    const root = await w.admin();
    const lamp = await root.lists({ name: 'Read lamp', price: usd(1_00), stock: 9 });
    const order = (await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] })).body.id;
    const review = (await bob.post(`/v1/products/${lamp}/reviews`, { rating: 1, comment: 'Call me on +216 20 123 456.' })).body;
    expect(review.state).toBe('pending');
    const reads: [path: string, subject: string | null][] = [
      ['/v1/moderation/queue', null],
      ['/v1/customers/bob-read', bob.id],
      ['/v1/customers/bob-read/wallet', bob.id],
      ['/v1/customers/bob-read/wallet/transfers', bob.id],
      ['/v1/customers/bob-read/purchases', bob.id],
      ['/v1/orders?buyer=bob-read', bob.id],
      [`/v1/orders/${order}`, order],
      ['/v1/customers', null],
      [`/v1/reviews/${review.id}`, review.id],
      ['/v1/customers/bob-read/reviews', bob.id],
      [`/v1/products/${lamp}/reviews`, lamp],
    ];
    for (const [path, subject] of reads) {
      expect((await root.get(path, { 'x-request-id': `staff${path.replace(/\W/g, '.')}` })).status, path).toBe(200);
      const entries = await entriesOf(`staff${path.replace(/\W/g, '.')}`);
      expect(entries, path).toMatchObject([{ actor_id: root.id, subject, outcome: 'done', status: 200 }]);
    }
    for (const [path] of reads.filter(([path]) => !['/v1/moderation/queue', '/v1/customers'].includes(path)))
      expect((await bob.get(path, { 'x-request-id': 'own' })).status, path).toBe(200);
    expect(await entriesOf('own')).toEqual([]);
  });

  test('stores of a path only an id', async () => {
    const eve = await w.person('eve-odd');
    for (const [request, id] of [
      ['long', 'x'.repeat(7000)],
      ['null', '%00'],
    ]) {
      expect(await eve.get(`/v1/orders/${id}`, { 'x-request-id': request! })).toBeProblem(404, 'not-found');
      expect(await entriesOf(request!)).toMatchObject([{ actor_id: eve.id, subject: null, outcome: 'refused', status: 404 }]);
    }
  });

  test('that cannot be written changes no reply', async () => {
    const bob = await w.person('bob-unwritten');
    await w.sql('alter table kernel.audit rename to audit_away');
    try {
      expect((await (await w.admin()).get('/v1/customers/bob-unwritten')).status).toBe(200);
      expect(await bob.get('/v1/ledger/proof')).toBeProblem(403, 'forbidden');
    } finally {
      await w.sql('alter table kernel.audit_away rename to audit');
    }
  });
});

test('the audit trail says what each call has made', async () => {
  const root = await w.admin();
  const sue = await w.seller('sue-made');
  const bob = await w.buyer('bob-made', { balance: usd(50_00) });
  const lamp = await sue.lists({ name: 'Made lamp', price: usd(10_00), stock: 9 });
  const order = { items: [{ productId: lamp, quantity: 1 }] };
  const { id } = (await bob.post('/v1/orders', order)).body;
  for (const step of ['packed', 'delivered']) await sue.post(`/v1/orders/${id}/${step}`);
  const keys = { p256dh: createECDH('prime256v1').generateKeys('base64url'), auth: randomBytes(16).toString('base64url') };
  const made: [by: Person, path: string, body: object][] = [
    [root, '/v1/banners', {}],
    [root, '/v1/categories', { name: 'Made' }],
    [root, '/v1/webhooks', { url: 'http://127.0.0.1:9/', events: ['orders.order-placed'] }],
    [root, '/v1/api-keys', { name: 'Made Couriers', scopes: ['orders:ship'] }],
    [bob, '/v1/favorites', { productId: lamp }],
    [bob, '/v1/favorites', { productId: lamp, notify: { priceFell: true } }],
    [bob, '/v1/notifications/devices', { endpoint: 'http://localhost:9/made', keys }],
    [bob, '/v1/orders', order],
    [bob, `/v1/products/${lamp}/reviews`, { rating: 5, comment: 'Bright.' }],
    [sue, '/v1/products', { name: 'Made shade', price: usd(1_00) }],
    [sue, '/v1/payouts', usd(5_00)],
  ];
  const subjectOf = async (request: string) => {
    const [entry] = await w.sql('select outcome, subject from kernel.audit where request_id = $1', [request]);
    return [entry?.outcome, entry?.subject];
  };
  for (const [by, path, body] of made) {
    const request = randomUUID();
    const reply = await by.post(path, body, { 'x-request-id': request });
    expect(reply.status, `${path} ${JSON.stringify(reply.body)}`).toBeLessThan(300);
    expect(await subjectOf(request), path).toEqual(['done', reply.body.id]);
  }
  const taken = await sendProducts(w, root, 'id,name,price,currency\nMADE-1,Made mug,1,USD', { 'x-request-id': 'made-import' });
  expect(await subjectOf('made-import')).toEqual(['done', taken.body.id]);
  const picture = { fileName: 'me.png', contentType: 'image/png', sizeBytes: 100 };
  await bob.post('/v1/users/profile/picture', picture, { 'x-request-id': 'made-picture' });
  expect(await subjectOf('made-picture')).toEqual(['done', bob.id]);
});
