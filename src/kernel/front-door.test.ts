import { beforeAll, describe, expect, test } from 'vitest';
import { usd } from '../../test/people.ts';
import { type World, world } from '../../test/world.ts';
import { resultReply } from './replies.ts';
import { anyone, get, redirection } from './routes.ts';

let w: World;

beforeAll(async () => {
  w = await world();
});

describe('the front door', () => {
  test('answers every /v1 path without the prefix too, and nothing that is not there', async () => {
    expect((await w.get('/products')).status).toBe(200);
    expect((await w.get('/v1/products')).status).toBe(200);
    expect(await w.get('/v1/nothing')).toBeProblem(404, 'not-found');
    expect(await w.post('/internal/wallet/pay', {})).toBeProblem(404, 'not-found'); // without INTERNAL_SECRET there is no such door
    const wrong = await w.fetch('/v1/products', { method: 'PUT' });
    expect(wrong).toBeProblem(405, 'method-not-allowed');
    expect(wrong.headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST');
  });

  test('echoes a request id, or makes one; sets the security headers', async () => {
    expect((await w.get('/v1/products', { 'x-request-id': 'abc-123' })).headers.get('x-request-id')).toBe('abc-123');
    const { headers } = await w.get('/v1/products', { 'x-request-id': 'bad id\t' });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    for (const [method, path] of [
      ['GET', '/v1/nothing'],
      ['PUT', '/v1/products'],
      ['GET', '/v1/auth/me'],
    ] as const) {
      const refused = await w.fetch(path, { method, headers: { 'x-request-id': 'lost-1' } });
      expect([refused.headers.get('x-request-id'), refused.headers.get('cache-control')], path).toEqual(['lost-1', 'no-store']);
    }
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test.each([
    ['{', 400, 'malformed', 'application/json'],
    ['x=1', 415, 'unsupported-media-type', 'text/plain'],
    [JSON.stringify({ email: `${'x'.repeat(300_000)}@x.org` }), 413, 'too-large', 'application/json'],
    [JSON.stringify({ email: 'a\u0000b@x.org', password: 'long enough pass', fullName: 'A' }), 422, 'invalid', 'application/json'],
    [JSON.stringify({ email: 'a@x.org', password: 'long enough pass', fullName: 'A \ud83d' }), 422, 'invalid', 'application/json'],
    [JSON.stringify({ email: 'a@x.org', password: 'long enough pass', fullName: '\u200b \u2060' }), 422, 'invalid', 'application/json'],
    ['[]', 422, 'invalid', 'application/json'],
  ])('refuses a body that cannot be read: %#', async (body, status, code, type) => {
    expect(await w.fetch('/v1/auth/sign-up', { method: 'POST', body, headers: { 'content-type': type } })).toBeProblem(status, code);
  });

  test('names each field that does not fit by a JSON Pointer, and fields it does not know', async () => {
    const reply = await w.post('/v1/auth/sign-up', { email: 'nobody', password: 'x', fullName: 'N', roles: ['admin'] });
    expect(reply).toBeProblem(422, 'invalid');
    const pointers = reply.body.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers).toEqual(expect.arrayContaining(['/email', '/password', '/roles']));
    expect(reply.body).toMatchObject({ type: '/docs/problems#invalid', instance: '/v1/auth/sign-up' });
  });

  test('takes no half of a character anywhere, and nothing is written of a call that holds one', async () => {
    const root = await w.admin();
    const options = { color: 'half an emoji: \ud83d' };
    const variants = [{ options, price: usd(1_00), stock: 1 }];
    expect(await root.post('/v1/products', { name: 'Shade', category: 'electronics', variants })).toBeProblem(422, 'invalid');
    const lamp = await root.lists({ name: 'Whole', price: usd(1_00), stock: 5 });
    expect(await root.post(`/v1/products/${lamp}/stock`, { change: 1, reason: '\ud83d' })).toBeProblem(422, 'invalid');
    expect((await w.get(`/v1/products/${lamp}`)).body.stock).toBe(5);
    expect((await root.post(`/v1/products/${lamp}/stock`, { change: 1, reason: '\ud83d\ude00' })).body.reason).toBe('😀');
  });

  test('treats ids and limits that are none as such', async () => {
    expect(await w.get('/v1/products/not-an-id')).toBeProblem(404, 'not-found');
    const una = await w.person('una');
    expect(await una.get(`/v1/customers/${'a'.repeat(301)}`)).toBeProblem(404, 'not-found');
    expect(await una.get('/v1/customers/a%00b')).toBeProblem(404, 'not-found');
    expect(await w.get('/v1/products?limit=101')).toBeProblem(422, 'invalid');
    expect(await w.get('/v1/products?limit=x')).toBeProblem(422, 'invalid');
    expect(await w.get('/v1/products?cursor=forged.AAAA')).toBeProblem(400, 'malformed');
  });

  test('reads If-Match where a version is asked for, says so in its document, and passes over it elsewhere', async () => {
    const cyn = await w.person('cyn');
    const unread = { 'if-match': 'what I saw' };
    expect(await cyn.delete('/v1/customers/cyn', unread)).toBeProblem(400, 'malformed');
    expect(await cyn.patch('/v1/customers/cyn', { address: 'x' }, unread)).toBeProblem(400, 'malformed');
    expect((await cyn.get('/v1/auth/me', unread)).status).toBe(200);
    const { paths } = (await w.get('/openapi.json')).body;
    const asks = ({ parameters = [] }: { parameters?: { name: string }[] }) => parameters.some(({ name }) => name === 'If-Match');
    expect([paths['/v1/customers/{username}'].delete, paths['/v1/reviews/{id}'].delete].map(asks)).toEqual([true, true]);
    expect([paths['/v1/customers'].post, paths['/v1/products'].post, paths['/v1/api-keys/{id}'].delete].map(asks)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('leads to the next page of the same list, for every address', async () => {
    const sue = await w.seller('sue');
    for (let n = 0; n < 3; n++) await sue.lists({ name: `Teapot ${n}`, price: usd(1_00) });
    const first = await w.get('/v1/products?q=teapot?&seller=sue&limit=2');
    const next = /^<(.+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    expect(next).toContain('q=teapot?&seller=sue&limit=2');
    expect((await w.get(next)).body.items).toHaveLength(1);
  });

  test('lets pages of the origins that are named read what it says in headers, and no others', async () => {
    const open = await world({ env: { CORS_ORIGINS: 'https://shop.example.com' } });
    const asked = { origin: 'https://shop.example.com', 'access-control-request-method': 'PATCH' };
    const preflight = await open.fetch('/v1/reviews/x', { method: 'OPTIONS', headers: asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://shop.example.com');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    const { headers } = await open.get('/v1/products', asked);
    for (const name of ['ETag', 'Link', 'RateLimit', 'RateLimit-Policy', 'Retry-After'])
      expect(headers.get('access-control-expose-headers')?.split(',')).toContain(name);
    expect((await open.get('/v1/products', { origin: 'https://evil.example.com' })).headers.get('access-control-allow-origin')).toBeNull();
    expect((await w.get('/v1/products', asked)).headers.get('access-control-allow-origin')).toBeNull();
  });

  test('answers HEAD as GET, without a body', async () => {
    const head = await w.fetch('/v1/products', { method: 'HEAD' });
    expect([head.status, head.body, head.headers.get('content-type')]).toEqual([200, '', 'application/json']);
    expect((await w.fetch('/v1/auth/me', { method: 'HEAD' })).status).toBe(401);
  });

  test('explains itself: /docs, /docs/problems, /openapi.json, and says how it is', async () => {
    expect((await w.get('/docs')).body).toContain('/docs/reference.js');
    expect((await w.get('/docs/problems')).body).toContain('id="wallet-insufficient-funds"');
    expect((await w.get('/openapi.json')).body.openapi).toBe('3.1.0');
    expect((await w.get('/livez')).body).toEqual({ status: 'ok' });
    expect((await w.get('/readyz')).status).toBe(200);
    expect((await w.get('/health')).body).toMatchObject({ status: 'ok', checks: { database: 'ok', signals: 'ok' } });
    expect((await w.get('/metrics')).body).toContain('souk_http_request_duration_seconds_bucket');
  });
});

test('limits: too many sign-ins are refused with Retry-After, for any mix of accounts', async () => {
  const limited = await world({ env: { RATE_LIMITS: 'on' } });
  const replies = [];
  for (let i = 0; i < 21; i++) replies.push(await limited.post('/v1/auth/sign-in', { username: `nobody${i}`, password: 'wrong password' }));
  expect(replies[0]?.headers.get('ratelimit-policy')).toBe('"sign-in";q=20;w=60');
  expect(replies.at(-1)).toBeProblem(429, 'too-many-requests');
  expect(Number(replies.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('limits: requests are counted on every path, and a load balancer is not shut out by its callers', async () => {
  const limited = await world({ env: { RATE_LIMITS: 'on', CORS_ORIGINS: 'https://shop.example.com', INTERNAL_SECRET: 'i'.repeat(32) } });
  const paths = ['/openapi.json', '/docs', '/v1/nothing', '/v1/products', '/dev/outbox', '/internal/wallet/pay'];
  const preflight = { method: 'OPTIONS', headers: { origin: 'https://shop.example.com', 'access-control-request-method': 'GET' } };
  const ask = (path: string) => limited.fetch(path, { method: path.startsWith('/internal') ? 'POST' : 'GET' });
  const used = Array.from({ length: 1200 }, (_, n) => ask(paths[n % paths.length]!));
  expect((await Promise.all(used)).every(({ status }) => status !== 429)).toBe(true);
  for (const path of paths) expect(await ask(path), path).toBeProblem(429, 'too-many-requests');
  expect((await limited.fetch('/v1/products', preflight)).status).toBe(429);

  for (const path of ['/livez', '/readyz', '/health', '/metrics']) expect((await limited.get(path)).status, path).toBe(200);
  const probes = await Promise.all(Array.from({ length: 597 }, () => limited.get('/livez')));
  expect(probes.map(({ status }) => status)).toEqual([...Array(596).fill(200), 429]);
  const files = await Promise.all(Array.from({ length: 121 }, () => limited.get('/docs/none.js')));
  expect(files.map(({ status }) => status)).toEqual([...Array(120).fill(404), 429]);
});

test('files of the documents are sent from memory, compressed where the caller takes it, and not again where it has them', async () => {
  const page = await w.get('/docs');
  const file = /(?:src|href)="(\/docs\/[^"]+\.js)"/.exec(page.body)![1]!;
  const [plain, packed] = [await w.get(file), await w.get(file, { 'accept-encoding': 'br, gzip' })];
  expect([plain.headers.get('content-encoding'), packed.headers.get('content-encoding')]).toEqual([null, 'gzip']);
  expect(packed.headers.get('vary')).toContain('accept-encoding');
  const etag = plain.headers.get('etag')!;
  expect((await w.get(file, { 'if-none-match': `"other", ${etag}` })).status).toBe(304);
  expect((await w.get(file, { 'if-none-match': '"other"' })).status).toBe(200);
  expect(await w.get(file, { 'if-none-match': 'none' })).toBeProblem(400, 'malformed');
});

test('limits: a caller with a whole network of IPv6 is counted as one, and the neighbour is not', async () => {
  const limited = await world({ env: { RATE_LIMITS: 'on', TRUST_PROXY: 'on' } });
  const resend = (address: string) => limited.post('/v1/auth/resend-code', { username: 'nobody' }, { 'x-forwarded-for': address });
  const replies = await Promise.all(Array.from({ length: 12 }, (_, n) => resend(`2001:db8:7:1:${n}::${n + 1}`)));
  expect(replies.filter(({ status }) => status === 202)).toHaveLength(10);
  expect((await resend('2001:db8:7:2::1')).status).toBe(202);
  expect((await resend('::ffff:203.0.113.7')).status).toBe(202);
  expect((await resend('::ffff:203.0.113.8')).status).toBe(202);
});

test('limits: an office behind one address refreshes its tokens all day; signing in by Basic stays tight', async () => {
  const limited = await world({ env: { RATE_LIMITS: 'on' } });
  const basic = (name: string) => ({ authorization: `Basic ${Buffer.from(`${name}:wrong password`).toString('base64')}` });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const bySecret = (name: string) => limited.fetch('/v1/auth/token', { method: 'POST', headers: basic(name) });
  const refresh = () =>
    limited.fetch('/v1/auth/token', {
      method: 'POST',
      headers: { ...basic('client'), ...form }, // as OAuth libraries do
      body: 'grant_type=refresh_token&refresh_token=x',
    });

  for (let call = 0; call < 300; call++) expect(await refresh()).toBeProblem(401, 'identity/invalid-refresh-token');
  const refused = await refresh();
  expect(refused).toBeProblem(429, 'too-many-requests');
  expect((await limited.get('/v1/products')).status).toBe(200);

  for (let call = 1; call <= 20; call++) expect(await bySecret(`nobody${call}`)).toBeProblem(401, 'identity/wrong-credentials');
  expect(await bySecret('nobody21')).toBeProblem(429, 'too-many-requests');
  expect(await limited.post('/v1/auth/token', {})).toBeProblem(429, 'too-many-requests');
});

test('limits: a network of IPv6 is one caller, from each of its addresses', async () => {
  const limited = await world({ env: { RATE_LIMITS: 'on', TRUST_PROXY: 'on' } });
  const from = (address: string) => limited.get('/v1/audit', { 'x-api-key': 'guess', 'x-forwarded-for': address });
  for (let n = 1; n <= 30; n++) expect(await from(`2001:db8:1:2::${n.toString(16)}`)).toBeProblem(401, 'unauthenticated');
  expect(await from('2001:db8:1:2:3:4:5:6')).toBeProblem(429, 'too-many-requests');
  expect(await from('2001:db8:1:3::1')).toBeProblem(401, 'unauthenticated');
});

describe('the audit trail', () => {
  test('has every state-changing call once, with ids only, and every refusal of permission', async () => {
    const bob = await w.buyer('bob', { balance: usd(50_00) });
    const eve = await w.person('eve');
    const lamp = await (await w.admin()).lists({ name: 'Lamp', price: usd(1_00), stock: 9 });
    await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] }, { 'x-request-id': 'order-1' });
    await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 99 }] }, { 'x-request-id': 'order-2' });
    await eve.get('/v1/customers/bob/wallet', { 'x-request-id': 'snoop-1' });
    await eve.get('/v1/ledger/proof', { 'x-request-id': 'snoop-2' });
    await bob.get('/v1/orders', { 'x-request-id': 'read-1' });
    const { body } = await (await w.admin()).get('/v1/audit?limit=100');
    const of = (id: string) => body.items.filter(({ requestId }: { requestId: string }) => requestId === id);
    expect(of('order-1')).toMatchObject([{ actor: { kind: 'user', id: bob.id }, operation: 'postOrders', outcome: 'done' }]);
    expect(of('order-2')).toHaveLength(1);
    expect(of('snoop-1')).toMatchObject([{ actor: { id: eve.id }, outcome: 'refused', status: 404, subject: null }]);
    expect(of('snoop-2')).toMatchObject([{ actor: { id: eve.id }, outcome: 'refused', status: 403 }]);
    expect(of('read-1')).toEqual([]);
    expect(JSON.stringify(body)).not.toMatch(/bob|eve/);
    expect(await eve.get('/v1/audit')).toBeProblem(403, 'forbidden');
    const page = (await (await w.admin()).get(`/v1/audit?actor=${eve.id}&limit=1`)).body;
    expect(
      (await (await w.admin()).get(`/v1/audit?actor=${eve.id}&limit=1&cursor=${page.nextCursor}`)).body.items[0].id < page.items[0].id,
    ).toBe(true);
  });
});

describe('events', () => {
  test('reach their subscribers once, though they are delivered twice', async () => {
    const lamp = await (await w.admin()).lists({ name: 'Twice told', price: usd(1_00), stock: 9 });
    await w.step();
    const before = await w.sql('select count(*)::int as n from kernel.consumed');
    await w.tellAgain('inventory.levels-changed.v1');
    await w.step();
    expect(await w.sql('select count(*)::int as n from kernel.consumed')).toEqual(before);
    expect((await w.get(`/v1/products/${lamp}`)).body.stock).toBe(9);
    expect(await w.sql('select from kernel.outbox where sent_at is null')).toEqual([]);
  });
});

test('a route that sends the browser elsewhere says so', async () => {
  const elsewhere = redirection('https://example.com/', 'a=b');
  const spec = { summary: 'Elsewhere', access: anyone, returns: null, problems: [], handle: async () => elsewhere };
  const reply = resultReply(
    get('/elsewhere', { ...spec, redirects: 302 }),
    new Request('http://souk.test/elsewhere'),
    {},
    elsewhere,
    {},
    true,
  );
  expect([reply.status, reply.headers.get('location'), reply.headers.get('set-cookie')]).toEqual([302, 'https://example.com/', 'a=b']);
  expect(reply.headers.get('referrer-policy')).toBe('no-referrer');
  expect(() => resultReply(get('/elsewhere', spec), new Request('http://souk.test/elsewhere'), {}, elsewhere, {}, true)).toThrow(
    /does not declare/,
  );

  const { responses } = (await w.get('/openapi.json')).body.paths['/v1/auth/social/{provider}'].get;
  expect(Object.keys(responses)).toContain('302');
  expect(responses).not.toHaveProperty('204');
});
