import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { days, minutes } from '#kernel/clock.ts';
import { systemScope } from '#kernel/runtime.ts';
import type { Person } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import { hashOf, readKey } from './key-text.ts';

let w: World;
let root: Person;

beforeAll(async () => {
  w = await world();
  root = await w.admin();
});

const COURIER = ['orders:ship', 'orders:deliver'];
const make = (name: string, more: object = {}, headers: Record<string, string> = {}) =>
  root.post('/v1/api-keys', { name, scopes: COURIER, ...more }, headers);

test('two keys of one partner speak for the same partner, however its name is written', async () => {
  const { secrets } = w.souk.runtime.context('partners', systemScope);
  const judged = async (name: string) => {
    const { id, secret } = readKey((await make(name)).body.key)!;
    return w.ask<{ partner: string } | null>('partners', 'judgeKey', { id, keyHash: hashOf(secrets, secret) });
  };
  expect([await judged('Sfax Depot'), await judged('ＳＦＡＸ\u200B depot')]).toMatchObject([
    { partner: 'sfax depot' },
    { partner: 'sfax depot' },
  ]);
});

describe('a key', () => {
  test('is shown when it is made, and never again', async () => {
    const made = await make('Carthage Couriers', { expiresAt: '2036-01-01T00:00:00.000Z' });

    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      id: expect.any(String),
      name: 'Carthage Couriers',
      scopes: ['orders:deliver', 'orders:ship'],
      key: expect.stringMatching(/^souk_[0-9a-f]{32}_[0-9a-f]{72}$/),
      lastFour: made.body.key.slice(-4),
      createdBy: root.id,
      createdAt: expect.any(String),
      lastUsedAt: null,
      expiresAt: '2036-01-01T00:00:00.000Z',
      revokedAt: null,
    });
    const { key, ...told } = made.body;
    const listed = await root.get('/v1/api-keys');
    expect(listed.body.items[0]).toEqual(told);
    expect(JSON.stringify(listed.body)).not.toContain(key);
  });

  test('is shown again to the same call within the hour, whose reply may have been lost; later the call answers without it', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await make('Lost Letters', {}, key);

    const again = await make('Lost Letters', {}, key);
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await make('Lost Letters', { scopes: ['orders:pack'] }, key)).toBeProblem(422, 'idempotency-key-reused');
    expect(await make('Other Letters', {}, key)).toBeProblem(422, 'idempotency-key-reused');

    w.clock.advance(minutes(61));
    await w.step();
    root = await w.person('root');
    expect((await make('Lost Letters', {}, key)).body).toEqual({ ...first.body, key: null });
    expect(await w.sql('select from partners.keys where id = $1 and salt is not null', [first.body.id])).toEqual([]);
  });

  test('of which twenty calls ask under one Idempotency-Key is one', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(Array.from({ length: 20 }, () => make('Twins', {}, key)));

    expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(new Set(replies.map(({ body }) => body.key)).size).toBe(1);
    expect(replies.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
  });

  test('opens what partners do, no more of the rest than its maker may, and never the making of keys or roles', async () => {
    const olga = await w.person('olga', ['operator']);
    expect(await olga.post('/v1/api-keys', { name: 'Hers', scopes: ['audit:read', 'orders:read'] })).toBeProblem(403, 'forbidden');
    expect(
      (await olga.post('/v1/api-keys', { name: 'Hers', scopes: ['audit:read', 'orders:pack', 'orders:ship', 'orders:deliver'] })).status,
    ).toBe(201);
    for (const scope of ['roles:grant', 'api-keys:manage', 'everything'])
      expect(await make('Too much', { scopes: [scope] })).toBeProblem(422, 'invalid');
  });

  test.each([
    [{ scopes: [] }],
    [{ scopes: 'orders:ship' }],
    [{ name: ' ' }],
    [{ name: 'x'.repeat(81) }],
    [{ expiresAt: 'tomorrow' }],
    [{ expiresAt: '2001-01-01T00:00:00.000Z' }],
    [{ key: 'souk_mine' }],
  ])('is not made of %j', async (change) => {
    expect(await make('Malformed', change)).toBeProblem(422, 'invalid');
  });

  test('is made, seen and deleted only with permission', async () => {
    const sue = await w.person('sue', ['support']);
    expect(await sue.post('/v1/api-keys', { name: 'Hers', scopes: ['orders:read'] })).toBeProblem(403, 'forbidden');
    expect(await sue.get('/v1/api-keys')).toBeProblem(403, 'forbidden');
    const { body } = await make('Kept');
    expect(await sue.delete(`/v1/api-keys/${body.id}`)).toBeProblem(403, 'forbidden');
    expect(await root.delete(`/v1/api-keys/${randomUUID()}`)).toBeProblem(404, 'not-found');
    expect((await root.delete(`/v1/api-keys/${body.id}`)).status).toBe(204);
    expect((await root.delete(`/v1/api-keys/${body.id}`)).status).toBe(204);
  });
});

describe('of a partner', () => {
  test('two keys are valid at the same time, so that one can replace the other; a third is refused with the one to delete', async () => {
    const [first, second] = [await make('Sahara Storage'), await make('SAHARA storage')];
    const system = w.withKey(second.body.id, second.body.key);
    await w.withKey(first.body.id, first.body.key).get('/v1/products');
    w.clock.advance(minutes(2));
    root = await w.person('root');
    await system.get('/v1/products');
    await expect
      .poll(async () => w.sql('select from partners.keys where last_used_at is not null and name_key = $1', ['sahara storage']))
      .toHaveLength(2);

    const third = await make('Sahara Storage');

    expect(third).toBeProblem(409, 'partners/two-keys-live');
    expect(third.body.delete).toBe(first.body.id);
    expect(third.body.detail).toContain(first.body.id);
    expect(third.body.keys.map(({ id }: { id: string }) => id)).toEqual([first.body.id, second.body.id]);
    await root.delete(`/v1/api-keys/${first.body.id}`);
    expect((await make('Sahara Storage')).status).toBe(201);
  });

  test('twenty calls at once leave two keys', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => make('Rush')));

    expect(replies.filter(({ status }) => status === 201)).toHaveLength(2);
    for (const refused of replies.filter(({ status }) => status !== 201)) expect(refused).toBeProblem(409, 'partners/two-keys-live');
    expect(await w.sql("select slot from partners.keys where name_key = 'rush' order by slot")).toEqual([{ slot: 1 }, { slot: 2 }]);
  });

  test('a key that has expired leaves its place to the next', async () => {
    const expiresAt = new Date(w.clock.now().getTime() + days(1)).toISOString();
    const short = await make('Seasonal', { expiresAt });
    await make('Seasonal', { expiresAt });
    expect((await make('Seasonal')).status).toBe(409);
    w.clock.advance(days(1));
    root = await w.person('root');
    expect((await make('Seasonal')).status).toBe(201);
    expect((await make('Seasonal')).status).toBe(201);
    expect((await make('Seasonal')).status).toBe(409);
    expect((await root.get('/v1/api-keys')).body.items.find(({ id }: { id: string }) => id === short.body.id)).toMatchObject({
      expiresAt,
      revokedAt: null,
    });
  });
});

test('keys are listed newest first, each once over the pages', async () => {
  const seen: string[] = [];
  let path = '/v1/api-keys?limit=4';
  for (let pages = 0; pages < 20; pages++) {
    const { body } = await root.get(path);
    seen.push(...body.items.map(({ id }: { id: string }) => id));
    if (!body.nextCursor) break;
    path = `/v1/api-keys?limit=4&cursor=${body.nextCursor}`;
  }
  const all = await w.sql<{ id: string }>('select id from partners.keys order by id desc');
  expect(all.length).toBeGreaterThan(8);
  expect(seen).toEqual(all.map(({ id }) => id));
  expect(await root.get('/v1/api-keys?cursor=forged.AAAA')).toBeProblem(400, 'malformed');
});

test('a new key of one partner touches no expired key of another', async () => {
  const expiresAt = new Date(w.clock.now().getTime() + minutes(5)).toISOString();
  const early = await make('Early Birds', { expiresAt });
  w.clock.advance(minutes(6));
  expect((await make('Night Owls')).status).toBe(201);
  expect(await w.sql('select from partners.keys where id = $1 and slot is not null', [early.body.id])).toHaveLength(1);
  expect((await make('Early Birds')).status).toBe(201);
  expect(await w.sql('select from partners.keys where id = $1 and slot is not null', [early.body.id])).toEqual([]);
});
