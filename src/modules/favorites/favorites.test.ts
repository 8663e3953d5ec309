import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Person, type Reply, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let sue: Person;
let lamp: string;

beforeAll(async () => {
  w = await world({ env: { FAVORITES_PER_ACCOUNT: '5' } });
  sue = await w.seller('sue');
  lamp = await sue.lists({ name: 'Lamp', price: usd(20_00), stock: 3 });
});

const outcomes = (replies: readonly Reply[]) =>
  Object.fromEntries([...Map.groupBy(replies, ({ status }) => status)].map(([status, those]) => [status, those.length]));

const chairs = (count: number) => Promise.all(Array.from({ length: count }, (_, n) => sue.lists({ name: `Chair ${n}`, price: usd(5_00) })));

describe('a favorite', () => {
  test('is added once, however often it is asked for, and shows the product as lists show it', async () => {
    const bob = await w.person('bob');
    const first = await bob.post('/v1/favorites', { productId: lamp });
    expect([first.status, first.headers.get('location')]).toEqual([201, '/v1/favorites']);
    expect(first.body).toMatchObject({
      kind: 'product',
      subjectId: lamp,
      product: { id: lamp, name: 'Lamp', price: usd(20_00), stock: 3, seller: { username: 'sue' }, images: [] },
      notify: { backInStock: false, priceFell: false },
    });
    const again = await bob.post('/v1/favorites', { productId: lamp.toUpperCase() });
    expect([again.status, again.body.id, again.headers.get('idempotent-replayed')]).toEqual([200, first.body.id, null]);
    expect((await bob.get('/v1/favorites')).body).toEqual({ items: [first.body], nextCursor: null });
  });

  test('twenty at once add one', async () => {
    const ann = await w.person('ann');
    const replies = await Promise.all(Array.from({ length: 20 }, () => ann.post('/v1/favorites', { productId: lamp })));
    expect(outcomes(replies)).toEqual({ 200: 19, 201: 1 });
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
  });

  test('can be a person, of whom there is nothing to tell', async () => {
    const [eve, ned] = [await w.person('eve'), await w.person('ned')];
    expect(await eve.post('/v1/favorites', { userId: ned.id, notify: { priceFell: true } })).toBeProblem(422, 'invalid');
    const made = await eve.post('/v1/favorites', { userId: ned.id });
    expect(made.body).toMatchObject({ kind: 'user', user: { id: ned.id, username: 'ned' }, notify: { backInStock: false } });
    const changed = await eve.patch(`/v1/favorites/${made.body.id}`, { notify: { backInStock: true } });
    expect(changed).toBeProblem(409, 'favorites/nothing-to-tell');
  });

  test('is nothing that is not public', async () => {
    const fay = await w.person('fay');
    const draft = (await sue.post('/v1/products', { name: 'Draft', price: usd(1_00) })).body.id;
    const waiting = await w.post('/v1/auth/sign-up', { email: 'x@example.com', password: 'correct horse battery', fullName: 'X' });
    for (const body of [{ productId: draft }, { productId: randomUUID() }, { userId: randomUUID() }, { userId: waiting.body.user.id }])
      expect(await fay.post('/v1/favorites', body)).toBeProblem(404, 'not-found');
    for (const body of [{}, { productId: lamp, userId: fay.id }]) expect(await fay.post('/v1/favorites', body)).toBeProblem(422, 'invalid');
  });

  test('what a call says of notices counts also where the favorite exists, and what it does not say stays', async () => {
    const gil = await w.person('gil');
    const { id } = (await gil.post('/v1/favorites', { productId: lamp, notify: { backInStock: true } })).body;
    const again = await gil.post('/v1/favorites', { productId: lamp, notify: { priceFell: true } });
    expect([again.status, again.body.notify]).toEqual([200, { backInStock: true, priceFell: true }]);
    const changed = await gil.patch(`/v1/favorites/${id}`, { notify: { backInStock: false } });
    expect(changed.body.notify).toEqual({ backInStock: false, priceFell: true });
  });

  test('is changed and removed by those who have seen its version', async () => {
    const jan = await w.person('jan');
    const made = await jan.post('/v1/favorites', { productId: lamp });
    const path = `/v1/favorites/${made.body.id}`;
    expect([made.headers.get('etag'), made.body.version]).toEqual(['"1"', 1]);
    const changed = await jan.patch(path, { notify: { priceFell: true } }, { 'if-match': '"1"' });
    expect([changed.headers.get('etag'), (await jan.patch(path, { notify: { priceFell: true } })).body.version]).toEqual(['"2"', 2]);
    expect(await jan.patch(path, { notify: { priceFell: false } }, { 'if-match': '"1"' })).toBeProblem(412, 'version-mismatch');
    expect(await jan.delete(path, { 'if-match': '"1"' })).toBeProblem(412, 'version-mismatch');
    expect((await jan.get('/v1/favorites')).body.items).toHaveLength(1);
    expect((await jan.delete(path, { 'if-match': '"2"' })).status).toBe(204);
  });

  test('of one key is one, in a crowd too; the same key for another subject is refused', async () => {
    const kay = await w.person('kay');
    const key = { 'idempotency-key': randomUUID() };
    const other = (await chairs(1))[0];
    const replies = await Promise.all(
      Array.from({ length: 6 }, (_, n) => kay.post('/v1/favorites', { productId: n % 2 ? lamp : other }, key)),
    );
    expect(outcomes(replies)).toEqual({ 201: 3, 422: 3 });
    expect((await kay.get('/v1/favorites')).body.items).toHaveLength(1);
  });

  test('that exists counts for the key of a call that finds it: another body is refused, and the same one changes nothing more', async () => {
    const lou = await w.person('lou');
    const { id } = (await lou.post('/v1/favorites', { productId: lamp })).body;
    const key = { 'idempotency-key': randomUUID() };
    const body = { productId: lamp, notify: { priceFell: true } };
    const replies = await Promise.all([1, 2, 3].map(() => lou.post('/v1/favorites', body, key)));
    for (const reply of replies) expect([reply.status, reply.body.id, reply.body.notify.priceFell]).toEqual([200, id, true]);
    expect(replies.map(({ headers }) => headers.get('idempotent-replayed')).sort()).toEqual([null, 'true', 'true'].sort());
    const mel = await w.person('mel');
    const hers = (await mel.post('/v1/favorites', { productId: lamp })).body.id;
    const found = await mel.post('/v1/favorites', body, key);
    expect([found.status, found.body.id, found.headers.get('idempotent-replayed')]).toEqual([200, hers, null]);
    await lou.patch(`/v1/favorites/${id}`, { notify: { priceFell: false } });
    const late = await lou.post('/v1/favorites', body, key);
    expect([late.status, late.body.id, late.body.notify.priceFell, late.headers.get('idempotent-replayed')]).toEqual([
      200,
      id,
      false,
      'true',
    ]);
    expect(await lou.post('/v1/favorites', { productId: lamp }, key)).toBeProblem(422, 'idempotency-key-reused');
    expect(await lou.post('/v1/favorites', { productId: (await chairs(1))[0] }, key)).toBeProblem(422, 'idempotency-key-reused');
    expect((await lou.get('/v1/favorites')).body.items).toHaveLength(1);
  });

  test('remembers the newest calls that found it, and lets go of them with it', async () => {
    const nia = await w.person('nia');
    const { id } = (await nia.post('/v1/favorites', { productId: lamp })).body;
    for (let n = 0; n < 23; n++) await nia.post('/v1/favorites', { productId: lamp }, { 'idempotency-key': `found-${n}` });
    const keys = async () =>
      (await w.sql('select idempotency_key from favorites.calls where account_id = $1 order by seq', [nia.id])).map(
        ({ idempotency_key }) => idempotency_key,
      );
    expect(await keys()).toEqual(Array.from({ length: 20 }, (_, n) => `found-${n + 3}`));
    await nia.delete(`/v1/favorites/${id}`);
    expect(await keys()).toEqual([]);
  });

  test('is removed by its owner, and by nobody else', async () => {
    const [hal, ida] = [await w.person('hal'), await w.person('ida')];
    const { id } = (await hal.post('/v1/favorites', { productId: lamp })).body;
    expect(await ida.delete(`/v1/favorites/${id}`)).toBeProblem(404, 'not-found');
    expect(await ida.patch(`/v1/favorites/${id}`, { notify: { priceFell: true } })).toBeProblem(404, 'not-found');
    expect((await hal.delete(`/v1/favorites/${id}`)).status).toBe(204);
    expect(await hal.delete(`/v1/favorites/${id}`)).toBeProblem(404, 'not-found');
    expect((await hal.get('/v1/favorites')).body.items).toEqual([]);
  });

  test('of a product that is not public any more is shown by its id alone, and a suspended person too', async () => {
    const [joe, kim, mia] = [await w.person('joe'), await w.seller('kim'), await w.person('mia', ['moderator'])];
    const vase = await kim.lists({ name: 'Vase', price: usd(1_00) });
    await joe.post('/v1/favorites', { productId: vase });
    await joe.post('/v1/favorites', { userId: kim.id });
    await mia.post(`/v1/users/${kim.id}/suspension`, { suspended: true, reason: 'spam' });
    await w.step();
    const { items } = (await joe.get('/v1/favorites')).body;
    expect(items).toMatchObject([
      { kind: 'user', subjectId: kim.id, user: null },
      { kind: 'product', subjectId: vase, product: null },
    ]);
    expect((await joe.post('/v1/favorites', { productId: vase })).status).toBe(200);
  });
});

describe('the list', () => {
  test('goes in pages, newest first, of one kind where it is asked for', async () => {
    const [lea, ned] = [await w.person('lea'), await w.person('ned')];
    const ids = await chairs(3);
    for (const productId of ids) await lea.post('/v1/favorites', { productId });
    await lea.post('/v1/favorites', { userId: ned.id });
    const first = (await lea.get('/v1/favorites?kind=product&limit=2')).body;
    const second = (await lea.get(`/v1/favorites?kind=product&limit=2&cursor=${first.nextCursor}`)).body;
    const seen = [...first.items, ...second.items].map(({ subjectId }: { subjectId: string }) => subjectId);
    expect([seen, second.nextCursor]).toEqual([[...ids].reverse(), null]);
    expect((await lea.get('/v1/favorites?kind=user')).body.items).toHaveLength(1);
    expect(await lea.get(`/v1/favorites?cursor=${first.nextCursor}`)).toBeProblem(400, 'malformed');
  });

  test('takes four statements for any number of favorites', async () => {
    const [max, ned] = [await w.person('max'), await w.person('ned')];
    for (const productId of await chairs(4)) await max.post('/v1/favorites', { productId });
    await max.post('/v1/favorites', { userId: ned.id });
    await max.get('/v1/favorites');
    expect(await w.statements(() => max.get('/v1/favorites'))).toHaveLength(4);
  });
});

describe('the number of favorites', () => {
  test('stays within its limit when many are added at once', async () => {
    const oli = await w.person('oli');
    const ids = await chairs(8);
    const replies = await Promise.all(ids.map((productId) => oli.post('/v1/favorites', { productId })));
    expect(outcomes(replies)).toEqual({ 201: 5, 409: 3 });
    expect(replies.find(({ status }) => status === 409)).toBeProblem(409, 'favorites/too-many');
    const [one] = (await oli.get('/v1/favorites')).body.items;
    expect((await oli.post('/v1/favorites', { productId: one.subjectId })).status).toBe(200);
    await oli.delete(`/v1/favorites/${one.id}`);
    expect((await oli.post('/v1/favorites', { productId: lamp })).status).toBe(201);
  });
});

describe('an account that is deleted', () => {
  test('takes its favorites with it, and those of others that it is, and gets none any more', async () => {
    const [pat, quin] = [await w.person('pat'), await w.person('quin')];
    await pat.post('/v1/favorites', { productId: lamp });
    await quin.post('/v1/favorites', { userId: pat.id });
    expect((await pat.get('/v1/customers/pat/export')).body.favorites).toMatchObject([{ kind: 'product', subjectId: lamp }]);
    expect((await pat.delete('/v1/customers/pat')).status).toBe(204);
    expect((await quin.get('/v1/favorites')).body.items).toEqual([]);
    const own = await w.sql('select 1 from favorites.favorites where account_id = $1 or subject_id = $1', [pat.id]);
    expect(own).toEqual([]);
    expect(await w.sql('select closing from favorites.people where account_id = $1', [pat.id])).toEqual([{ closing: true }]);
  });

  test('and stays after all has its favorites as before', async () => {
    const rob = await w.buyer('rob', { balance: usd(1_00) });
    await rob.post('/v1/favorites', { productId: lamp });
    expect((await rob.delete('/v1/customers/rob')).status).toBe(409);
    expect((await rob.get('/v1/favorites')).body.items).toHaveLength(1);
    const other = (await chairs(1))[0];
    expect((await rob.post('/v1/favorites', { productId: other })).status).toBe(201);
    await w.ask('favorites', 'life.close', { accountId: rob.id });
    expect(await rob.post('/v1/favorites', { productId: lamp })).toBeProblem(404, 'not-found');
    expect(await (await w.person('sal')).post('/v1/favorites', { userId: rob.id })).toBeProblem(404, 'not-found');
  });
});
