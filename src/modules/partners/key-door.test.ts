import { Writable } from 'node:stream';
import { pino } from 'pino';
import { beforeAll, describe, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { type PartnerSystem, type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let root: Person;
let auditor: PartnerSystem;
const logged: string[] = [];

beforeAll(async () => {
  const keep = new Writable({
    write(chunk, _, done) {
      logged.push(String(chunk));
      done();
    },
  });
  w = await world({ log: pino({ level: 'debug' }, keep) });
  root = await w.admin();
  auditor = await w.partner('Atlas Auditors', ['audit:read', 'orders:read', 'inventory:write', 'wallet:manage', 'customers:read']);
});

describe('a key opens', () => {
  test('the calls that its scopes name, and no others', async () => {
    expect((await auditor.get('/v1/audit')).status).toBe(200);
    expect(await auditor.get('/v1/ledger/proof')).toBeProblem(403, 'forbidden');
    expect((await auditor.get('/v1/ledger/proof')).body.detail).toBe('This call needs the permission ledger:read.');
    expect(await auditor.get('/v1/dead-letters')).toBeProblem(403, 'forbidden');
  });

  test("what staff with the permission may see and change of somebody's", async () => {
    const bob = await w.buyer('bob', { balance: usd(50_00) });
    const lamp = await root.lists({ name: 'Lamp', price: usd(10_00), stock: 5 });
    const order = await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] });

    expect((await auditor.get(`/v1/orders/${order.body.id}`)).body.id).toBe(order.body.id);
    expect((await auditor.get('/v1/customers/bob')).body.username).toBe('bob');
    expect(await auditor.get('/v1/customers/bob/wallet')).toBeProblem(403, 'forbidden');
    const call = { change: 3, reason: 'delivery' };
    const key = { 'idempotency-key': 'delivery-1' };
    expect((await auditor.post(`/v1/products/${lamp}/stock`, call, key)).status).toBe(201);
    expect((await auditor.post(`/v1/products/${lamp}/stock`, call, key)).headers.get('idempotent-replayed')).toBe('true');
    expect((await w.get(`/v1/products/${lamp}`)).body.stock).toBe(7);
  });

  test('nothing that concerns an account, its own or another', async () => {
    for (const path of ['/v1/auth/me', '/v1/auth/sessions', '/v1/orders', '/v1/customers/bob/export'])
      expect(await auditor.get(path), path).toBeProblem(403, 'account-needed');
    for (const path of ['/v1/auth/sign-out', '/v1/auth/mfa/totp', '/v1/products', '/v1/orders', '/v1/sales'])
      expect(await auditor.post(path, {}), path).toBeProblem(403, 'account-needed');
    expect(await auditor.delete('/v1/customers/bob')).toBeProblem(403, 'account-needed');
  });

  test('nothing that is marked (MFA), though its scopes name it: a key cannot prove a second factor', async () => {
    expect(await auditor.post('/v1/customers/bob/wallet/charge', usd(5_00), { 'idempotency-key': 'k' })).toBeProblem(403, 'account-needed');
    expect(await auditor.post('/v1/api-keys', { name: 'Child', scopes: ['audit:read'] })).toBeProblem(403, 'account-needed');
  });

  test('public calls as anybody, valid or not', async () => {
    expect((await auditor.get('/v1/products')).status).toBe(200);
    expect((await w.get('/v1/products', { 'x-api-key': 'souk_bad' })).status).toBe(200);
  });

  test('no call as anybody while nobody can say whether it is valid', async () => {
    const unknown = await w.partner('Unheard', ['audit:read']);
    await w.sql('alter table partners.keys rename to keys_away');
    try {
      expect((await unknown.get('/v1/products')).status).toBe(500);
    } finally {
      await w.sql('alter table partners.keys_away rename to keys');
    }
    expect((await unknown.get('/v1/products')).status).toBe(200);
  });
});

describe('a key is refused', () => {
  const bad = (key: string): Record<string, string> => ({
    'another secret': key.replace(/_([0-9a-f])([0-9a-f]{71})$/, (_, a, rest) => `_${a === '0' ? '1' : '0'}${rest}`),
    'a checksum that does not fit': `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`,
    'half of it': key.slice(0, 60),
    'upper case': key.toUpperCase(),
    'an access token': root.token,
    nothing: '',
    'very long': `souk_${'0'.repeat(10_000)}`,
  });

  test('when it was tampered with, and says so clearly', async () => {
    for (const [name, key] of Object.entries(bad(auditor.key)))
      expect(await w.get('/v1/audit', { 'x-api-key': key }), name).toBeProblem(401, 'unauthenticated');
    expect((await w.get('/v1/audit', { 'x-api-key': 'x' })).body.detail).toContain('API key');
  });

  test('when its checksum is right, and its id or its secret is not', async () => {
    const { readKey, writeKey } = await import('./key-text.ts');
    const other = await w.partner('Others', ['audit:read']);
    const { id, secret } = readKey(auditor.key)!;
    for (const text of [
      writeKey({ id, secret: '0'.repeat(64) }),
      writeKey({ id, secret: readKey(other.key)!.secret }),
      writeKey({ id: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01', secret }),
    ])
      expect(await w.get('/v1/audit', { 'x-api-key': text })).toBeProblem(401, 'unauthenticated');
    expect((await auditor.get('/v1/audit')).status).toBe(200);
  });

  test('beside a token, since they may speak for two', async () => {
    const both = await auditor.get('/v1/audit', { authorization: `Bearer ${root.token}` });
    expect(both).toBeProblem(401, 'unauthenticated');
    expect(both.body.detail).toContain('not both');
    expect(await auditor.get('/v1/audit', { authorization: 'Basic Ym9iOnBhc3N3b3Jk' })).toBeProblem(401, 'unauthenticated');
  });

  test('with its next call once it is deleted, in every process', async () => {
    const brief = await w.partner('Brief', ['audit:read']);
    const there = (await w.process()).withKey(brief.id, brief.key);
    expect([(await brief.get('/v1/audit')).status, (await there.get('/v1/audit')).status]).toEqual([200, 200]);

    expect((await root.delete(`/v1/api-keys/${brief.id}`)).status).toBe(204);

    expect(await brief.get('/v1/audit')).toBeProblem(401, 'unauthenticated');
    await expect.poll(async () => (await there.get('/v1/audit')).status, { timeout: 3000, interval: 20 }).toBe(401);
    expect((await auditor.get('/v1/audit')).status).toBe(200);
  });

  test('when it has expired', async () => {
    const expiresAt = new Date(w.clock.now().getTime() + minutes(5)).toISOString();
    const brief = await w.partner('Short-lived', ['audit:read'], { expiresAt });
    expect((await brief.get('/v1/audit')).status).toBe(200);
    w.clock.advance(minutes(5));
    expect(await brief.get('/v1/audit')).toBeProblem(401, 'unauthenticated');
    root = await w.person('root');
  });

  test('too often from one address: then the reply says no more about it', async () => {
    const strict = await w.sibling({ RATE_LIMITS: 'on' });
    const replies = [];
    for (let n = 0; n < 31; n++) replies.push(await strict.get('/v1/audit', { 'x-api-key': `guess ${n}` }));
    expect(replies[29]).toBeProblem(401, 'unauthenticated');
    expect(replies[30]).toBeProblem(429, 'too-many-requests');
    expect((await strict.withKey(auditor.id, auditor.key).get('/v1/audit')).status).toBe(200);
  });
});

test('a hot key costs no query', async () => {
  await auditor.get('/v1/products');
  await expect.poll(() => w.sql('select from partners.keys where id = $1 and last_used_at is not null', [auditor.id])).toHaveLength(1);
  const sent = await w.statements(async () => {
    for (let n = 0; n < 5; n++) await auditor.get('/v1/audit');
  });
  expect(sent.filter((text) => /partners\./.test(text))).toEqual([]);
  expect(sent).toHaveLength(5);
});

test('the use of a key is noted once a minute, and a note that cannot be written fails no call', async () => {
  const busy = await w.partner('Busy', ['audit:read']);
  const lastUsed = async () =>
    (await root.get('/v1/api-keys?limit=100')).body.items.find(({ id }: { id: string }) => id === busy.id).lastUsedAt;
  await busy.get('/v1/audit');
  await expect.poll(lastUsed).not.toBeNull();
  const first = await lastUsed();
  w.clock.advance(55_000);
  await busy.get('/v1/audit');
  await new Promise((done) => setTimeout(done, 50));
  expect(await lastUsed()).toBe(first);
  w.clock.advance(5_000);
  await w.sql('create function partners.fail() returns trigger language plpgsql as $$ begin raise; end $$');
  await w.sql('create trigger fail before update of last_used_at on partners.keys for each row execute function partners.fail()');
  expect((await busy.get('/v1/audit')).status).toBe(200);
  await expect.poll(() => logged.join('')).toContain('the use of an API key could not be noted');
  await w.sql('drop trigger fail on partners.keys');
  expect(await lastUsed()).toBe(first);
});

test('the audit trail names the key, for what it did and what it was refused', async () => {
  const olga = await w.partner('Olga Stores', ['inventory:write', 'audit:read']);
  const lamp = await root.lists({ name: 'Audited lamp', price: usd(1_00), stock: 1 });
  await olga.post(`/v1/products/${lamp}/stock`, { change: 1, reason: 'delivery' }, { 'idempotency-key': 'a1' });
  await olga.get('/v1/ledger/proof');
  await olga.get('/v1/auth/me');
  const { items } = (await root.get(`/v1/audit?actor=${olga.id}`)).body;
  expect(items).toMatchObject([
    { actor: { kind: 'key', id: olga.id }, operation: 'getAuthMe', outcome: 'refused', status: 403 },
    { actor: { kind: 'key', id: olga.id }, operation: 'getLedgerProof', outcome: 'refused', status: 403 },
    { actor: { kind: 'key', id: olga.id }, operation: 'postProductsByIdStock', outcome: 'done', subject: lamp },
  ]);
});

test('a key is neither in the database nor in the logs', async () => {
  const secret = await w.partner('Secretive', ['audit:read']);
  await secret.get('/v1/audit');
  await secret.get('/v1/auth/me');
  await w.step();
  const text = [await w.dump(), ...logged].join('\n');
  expect(text).toContain(secret.id); // the rows and the logs were looked at
  expect(text).toContain('getAudit');
  for (const part of [secret.key, secret.key.slice(38), secret.key.slice(38, 102), auditor.key.slice(38, 102)])
    expect(text).not.toContain(part);
});
