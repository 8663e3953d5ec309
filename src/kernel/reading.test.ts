import pino from 'pino';
import { beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD, type Person, usd } from '../../test/people.ts';
import { type World, world } from '../../test/world.ts';

/** What a request may look like, and what is said of one that may not. */

let w: World;
let sue: Person;
let lamp: string;

beforeAll(async () => {
  w = await world();
  sue = await w.seller('sue');
  lamp = await sue.lists({ name: 'Lamp', price: usd(10_00) });
});

const SIGN_IN = '/v1/auth/sign-in';
const JSON_TYPE = { 'content-type': 'application/json' };
const known = JSON.stringify({ username: 'sue', password: PASSWORD });

/** Both ways in which a body comes: with its length, and in chunks. */
async function bothWays(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>, path = SIGN_IN) {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const whole = await w.fetch(path, { method: 'POST', body: bytes, headers: { ...headers, 'content-length': String(bytes.length) } });
  const chunked = await w.fetch(path, { method: 'POST', body: bytes, headers });
  expect([whole.status, whole.body.code]).toEqual([chunked.status, chunked.body.code]);
  return whole;
}

describe('a body', () => {
  test.each([
    ['with a byte order mark', `\ufeff${known}`, JSON_TYPE],
    ['whose type is in capitals', known, { 'content-type': 'Application/JSON; Charset=UTF-8' }],
    ['whose charset is quoted', known, { 'content-type': 'application/json;charset="utf-8"' }],
    ['of a type made of JSON', known, { 'content-type': 'application/merge-patch+json' }],
    ['that is said not to be compressed', known, { ...JSON_TYPE, 'content-encoding': 'identity' }],
  ])('%s is read', async (_, body, headers) => {
    expect((await bothWays(body, headers)).status).toBe(200);
  });

  test.each([
    ['that is not UTF-8', Uint8Array.from([...Buffer.from('{"username":"sue","password":"'), 0xff, ...Buffer.from('"}')]), JSON_TYPE, 400],
    ['in another charset', known, { 'content-type': 'application/json; charset=iso-8859-1' }, 415],
    ['that is compressed', known, { ...JSON_TYPE, 'content-encoding': 'gzip' }, 415],
    ['that is text', known, { 'content-type': 'text/json' }, 415],
    ['of no type', known, { 'content-type': '' }, 415],
    ['that names a field twice', '{"username":"bob","username":"sue","password":"x"}', JSON_TYPE, 400],
    ['that names a field twice, once in escapes', '{"username":"bob","\\u0075sername":"sue","password":"x"}', JSON_TYPE, 400],
    ['with a field __proto__', '{"username":"sue","password":"x","__proto__":{"a":1}}', JSON_TYPE, 400],
    ['that goes on after its end', `${known}{}`, JSON_TYPE, 400],
    ['with more values than any call takes', JSON.stringify(Array(6000).fill(0)), JSON_TYPE, 422],
    ['of many brackets', '['.repeat(100_000) + ']'.repeat(100_000), JSON_TYPE, 422],
  ])('%s is refused', async (_, body, headers, status) => {
    const reply = await bothWays(body, headers);
    expect(reply).toBeProblem(status, { 400: 'malformed', 415: 'unsupported-media-type', 422: 'invalid' }[status]!);
    expect(reply.headers.get('accept-encoding')).toBe(status === 415 ? 'identity' : null);
  });

  test('that is too large is refused with the largest allowed size', async () => {
    const reply = await bothWays(JSON.stringify({ username: 'sue', password: 'x'.repeat(2 * 2 ** 20) }), JSON_TYPE);
    expect(reply).toBeProblem(413, 'too-large');
    expect(reply.body.limitBytes).toBeLessThan(2 * 2 ** 20);
  });

  test('may hold the same name in two objects, and quotes and brackets in its text', async () => {
    const variants = [1, 2].map((n) => ({ options: { color: `"{[${n},:` }, price: usd(1_00), stock: 1 }));
    expect((await sue.post('/v1/products', { name: 'Shade', category: 'electronics', variants })).status).toBe(201);
  });

  test('holds no fraction that would be rounded to a whole number', async () => {
    const priced = (amount: string) =>
      bothWays(
        `{"name":"Rug 1.5","price":{"amount":${amount},"currency":"USD"},"stock":1}`,
        { ...JSON_TYPE, authorization: `Bearer ${sue.token}` },
        '/v1/products',
      );
    for (const amount of ['100.99999999999999999', '1.00000000000000000001', '9007199254740.9999', '9999999999999999.9e-9'])
      expect(await priced(amount), amount).toBeProblem(400, 'malformed');
    expect(await priced('1.5')).toBeProblem(422, 'invalid');
    const began = performance.now();
    expect(await priced(`0.${'0'.repeat(200_000)}1`)).toBeProblem(400, 'malformed');
    expect(await priced('1'.repeat(200_000))).toBeProblem(422, 'invalid');
    expect(await priced(`1${'0'.repeat(200_000)}.5`)).toBeProblem(422, 'invalid');
    expect(performance.now() - began).toBeLessThan(3000); // each digit is read once, however many there are
    for (const [amount, read] of [
      ['1e2', 100],
      ['150.0', 150],
      ['15000e-2', 150],
      ['1.50E+2', 150],
    ] as const)
      expect((await priced(amount)).body.price, amount).toEqual({ amount: read, currency: 'USD' });
  });

  test('as a form is read as strictly', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await bothWays('grant_type=refresh_token&refresh_token=%FF', form, '/v1/auth/token')).toBeProblem(400, 'malformed');
    expect(await bothWays('grant_type=refresh_token&grant_type=x', form, '/v1/auth/token')).toBeProblem(422, 'invalid');
    const basic = Buffer.concat([Buffer.from('sue:'), Buffer.from([0xff])]).toString('base64');
    const reply = await w.post('/v1/auth/token', {}, { authorization: `Basic ${basic}` });
    expect(reply).toBeProblem(401, 'unauthenticated');
  });

  test('with 24,000 unknown fields costs little: twenty of them are named, each in few letters', async () => {
    const many = Object.fromEntries(Array.from({ length: 24_000 }, (_, n) => [`f${n}`, 1]));
    const some = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${'x'.repeat(2000)}${n}`, 1]));
    const began = performance.now();
    for (const body of [many, some, { email: 'x'.repeat(200_000) }]) {
      const reply = await w.post('/v1/auth/sign-up', body);
      expect(reply).toBeProblem(422, 'invalid');
      expect(reply.body.errors.length).toBeLessThanOrEqual(20);
      expect(JSON.stringify(reply.body).length).toBeLessThan(5000);
    }
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('that cannot be read counts as an attempt to sign in, where its words would say what is attempted', async () => {
    const limited = await world({ env: { RATE_LIMITS: 'on' } });
    const unread = () => limited.fetch('/v1/auth/token', { method: 'POST', body: '{', headers: JSON_TYPE });
    for (let n = 0; n < 20; n++) expect((await unread()).status).toBe(400);
    expect(await unread()).toBeProblem(429, 'too-many-requests');
  });

  test('of which half comes before the caller is gone is no failure of ours', async () => {
    const lines: { level: number; status?: number }[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
    const quiet = await world({ log });
    const body = new ReadableStream({
      start(stream) {
        stream.enqueue(new TextEncoder().encode('{"user'));
        stream.error(new Error('aborted'));
      },
    });
    const gone = await quiet.fetch(SIGN_IN, { method: 'POST', body, headers: JSON_TYPE, duplex: 'half' } as RequestInit);
    expect(gone.status).toBe(499);
    expect(lines.filter(({ level }) => level > 30)).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ level: 30, status: 499 });
  });
});

describe('a query', () => {
  test('that says a name twice is told which', async () => {
    expect((await w.get('/v1/products?limit=1&limit=2')).body.errors).toMatchObject([{ pointer: '/limit', detail: 'must be given once' }]);
  });

  test.each(['minPrice=', 'category=', 'cursor=', 'limit=', 'q=', 'inStock=', 'sort=', 'option.color=', '&&', 'state'])(
    'holds nothing where a parameter is empty: %s',
    async (query) => {
      expect((await w.get(`/v1/products?${query}`)).body).toEqual((await w.get('/v1/products')).body);
    },
  );

  test.each(['limit=0x10', 'limit=1e1', 'limit=%2010', 'limit=10.0', 'limit=+5', 'limit=٣', 'limit=-1', 'minPrice=0b1', 'limit=2&limit=3'])(
    'holds whole numbers in decimal digits only, each parameter once: %s',
    async (query) => {
      expect(await w.get(`/v1/products?${query}`)).toBeProblem(422, 'invalid');
    },
  );

  test.each(['q=%FF', 'q=100%', '%zz=1'])('is UTF-8, well encoded: %s', async (query) => {
    expect(await w.get(`/v1/products?${query}`)).toBeProblem(400, 'malformed');
  });
});

describe('a precondition', () => {
  const title = async (headers: Record<string, string>) => sue.patch(`/v1/products/${lamp}`, { description: 'Bright' }, headers);
  const etag = async () => (await sue.get(`/v1/products/${lamp}`)).headers.get('etag')!;

  test('If-Match takes a list, with empty elements, and any version', async () => {
    for (const given of [`"999", ${await etag()}`, ` ,, ${await etag()} ,`, `"x,y", ${await etag()}`, '*'])
      expect((await title({ 'if-match': given.replace(/"\d+\.[\w-]+"(?= ,|$)/, await etag()) })).status, given).toBe(200);
  });

  test('If-Match never takes a weak tag, nor one that no version has', async () => {
    for (const given of [`W/${await etag()}`, '"999"', '"one"', '""', '"01"', `"999", W/${await etag()}`])
      expect(await title({ 'if-match': given }), given).toBeProblem(412, 'version-mismatch');
  });

  test.each(['3', '"3', 'w/"3"', '"3" "4"', '', ',', '*, "3"'])('If-Match that is no list of tags is refused: %s', async (given) => {
    expect(await title({ 'if-match': given })).toBeProblem(400, 'malformed');
  });

  test('If-None-Match answers 304 to a reader who has the reply already, and 412 to a change of something that exists', async () => {
    const read = (given: string, method = 'GET') => w.fetch(`/v1/products/${lamp}`, { method, headers: { 'if-none-match': given } });
    const etag = async () => (await w.get(`/v1/products/${lamp}`)).headers.get('etag')!; // its seller is shown more
    for (const given of [await etag(), `W/${await etag()}`, `"x", ${await etag()}`, '*']) {
      const same = await read(given);
      expect([same.status, same.body, same.headers.get('content-type')], given).toEqual([304, '', null]);
      expect(same.headers.get('etag'), given).toBe(await etag());
      expect((await read(given, 'HEAD')).status).toBe(304);
    }
    expect((await read('"999"')).status).toBe(200);
    expect(await read('999')).toBeProblem(400, 'malformed');
    expect(await title({ 'if-none-match': '*' })).toBeProblem(412, 'version-mismatch');
    expect(await title({ 'if-none-match': await etag() })).toBeProblem(412, 'version-mismatch');
    expect((await title({ 'if-none-match': '"999"' })).status).toBe(200);
  });
});

describe('a reply', () => {
  test('documents If-None-Match where a reply has an ETag to send back, and no refusal of permission where anyone may ask', async () => {
    const { paths } = (await w.get('/openapi.json')).body;
    const headersOf = (operation: string) => paths[operation].get.parameters.map(({ name }: { name: string }) => name);
    expect(headersOf('/v1/products/{id}')).toContain('If-None-Match');
    expect(headersOf('/v1/customers/{username}')).toContain('If-None-Match');
    expect(Object.keys(paths['/v1/products/{id}'].get.responses)).not.toContain('403');
    expect(Object.keys(paths['/v1/products'].post.responses)).toContain('403');
    const replayed = ({ responses }: { responses: Record<string, { headers: object }> }) =>
      'Idempotent-Replayed' in (responses[200] ?? responses[201])!.headers;
    expect(replayed(paths['/v1/products'].post)).toBe(true);
    expect(replayed(paths['/v1/auth/confirm-sign-up'].post)).toBe(true); // as every POST
    expect(replayed(paths['/v1/products/{id}'].get)).toBe(false);
  });

  test('says by which scheme one signs in, and what was wrong', async () => {
    const challenge = async (path: string, init: RequestInit) => (await w.fetch(path, init)).headers.get('www-authenticate');
    const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    expect(await challenge('/v1/auth/me', {})).toBe('Bearer realm="souk"');
    expect(await challenge('/v1/auth/me', bearer('x'))).toBe('Bearer realm="souk", error="invalid_token"');
    expect(await challenge('/v1/auth/me', { headers: { 'x-api-key': 'x' } })).toBe('Bearer realm="souk"');
    const basic = { authorization: `Basic ${Buffer.from('sue:wrong').toString('base64')}` };
    expect(await challenge('/v1/auth/token', { method: 'POST', headers: basic })).toBe('Basic realm="souk", charset="UTF-8"');
    expect(await challenge('/v1/auth/token', { method: 'POST' })).toBe('Basic realm="souk", charset="UTF-8"');
  });

  test('to HEAD is that to GET also where a slash too many is redirected', async () => {
    for (const method of ['GET', 'HEAD']) {
      const reply = await w.fetch('/v1/products/?limit=1', { method, redirect: 'manual' });
      expect([reply.status, reply.headers.get('location')], method).toEqual([308, '/v1/products?limit=1']);
    }
  });

  test('to OPTIONS, or to a method that a path does not have, says which it has', async () => {
    for (const [path, allow] of [
      ['/v1/products', 'GET, HEAD, OPTIONS, POST'],
      [`/products/${lamp}`, 'DELETE, GET, HEAD, OPTIONS, PATCH'],
      ['/v1/orders', 'GET, HEAD, OPTIONS, POST'],
      ['/v1/auth/sign-in', 'OPTIONS, POST'],
      ['/livez', 'GET, HEAD, OPTIONS'],
      ['/openapi.json', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const options = await w.fetch(path, { method: 'OPTIONS' });
      expect([options.status, options.headers.get('allow')], path).toEqual([204, allow]);
      const put = await w.fetch(path, { method: 'PUT' });
      expect(put).toBeProblem(405, 'method-not-allowed');
      expect(put.headers.get('allow')).toBe(allow);
    }
    expect((await w.fetch('/v1/nothing', { method: 'OPTIONS' })).status).toBe(404);
  });

  test('that something was made says where to read it, and it is there', async () => {
    const bob = await w.buyer('bob', { balance: usd(50_00) });
    const root = await w.admin();
    const order = await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] });
    const review = await bob.post(`/v1/products/${lamp}/reviews`, { rating: 5, comment: 'Bright' });
    const made: [Person, Awaited<ReturnType<Person['post']>>][] = [
      [bob, order],
      [bob, await bob.post('/v1/sales', { good: 'Lamp' })],
      [bob, review],
      [bob, await bob.charge(usd(1_00))],
      [bob, await bob.post('/v1/customers/bob/wallet/deduct', usd(1_00))],
      [bob, await bob.post('/v1/auth/mfa/totp', { currentPassword: PASSWORD })],
      [sue, await sue.post('/v1/products', { name: 'Shade', category: 'electronics', price: usd(1_00), stock: 1 })],
      [sue, await sue.post(`/v1/products/${lamp}/stock`, { change: 1, reason: 'found' })],
      [sue, await sue.post(`/v1/reviews/${review.body.id}/flag`, { reason: 'rude' })],
      [root, await root.post('/v1/api-keys', { name: 'Couriers', scopes: ['orders:deliver'] })],
    ];
    for (const [person, reply] of made) {
      expect([reply.status, JSON.stringify(reply.body)]).toEqual([201, expect.anything()]);
      const location = reply.headers.get('location')!;
      expect((await person.get(location)).status, location).toBe(200);
    }
    expect(order.headers.get('location')).toBe(`/v1/orders/${order.body.id}`);
    for (const { route } of w.souk.routes.filter(({ route }) => route.spec.status === 201))
      expect(route.spec.location, route.path).toBeDefined();
  });
});

test('an email is taken as browsers take it, a code with the gaps that people copy along', async () => {
  const signUp = (email: string) => w.post('/v1/auth/sign-up', { email, password: PASSWORD, fullName: 'Jane Doe' });
  expect((await signUp('a&b@example.com')).body.user.email).toBe('a&b@example.com');
  expect((await signUp(' jane@example.com\t')).body.user.email).toBe('jane@example.com');
  for (const wrong of ['jane', 'jane@', '@example.com', 'jane doe@example.com', 'jane@-example.com', `${'x'.repeat(250)}@x.org`])
    expect(await signUp(wrong), wrong).toBeProblem(422, 'invalid');

  await w.step();
  const code = /\d{6}/.exec(w.mail('jane@example.com')!.text)![0];
  const confirm = (given: string) => w.post('/v1/auth/confirm-sign-up', { email: ' jane@example.com ', code: given });
  expect(await confirm(code.slice(1))).toBeProblem(422, 'invalid');
  expect((await confirm(` ${code.slice(0, 3)}\u00a0${code.slice(3)}\n`)).status).toBe(200);
});

test.each(['', 'two words', 'clé', 'k'.repeat(256)])('the Idempotency-Key %j is none that can be stored', async (key) => {
  const body = { name: 'Chair', category: 'home', price: usd(1_00), stock: 1 };
  expect(await sue.post('/v1/products', body, { 'idempotency-key': key })).toBeProblem(400, 'malformed');
});
