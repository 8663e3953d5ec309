import { expect, test } from 'vitest';
import { PASSWORD } from '../../../test/people.ts';
import { world } from '../../../test/world.ts';

test('staff see customers page by page, newest first, each once', async () => {
  const w = await world();
  const sam = await w.person('sam', ['support']);
  for (const name of ['ann', 'bob', 'cem', 'dan']) await w.person(name);

  const seen: string[] = [];
  for (let path = '/v1/customers?limit=2'; path; ) {
    const { body } = await sam.get(path);
    seen.push(...body.items.map(({ username }: { username: string }) => username));
    path = body.nextCursor ? `/v1/customers?limit=2&cursor=${body.nextCursor}` : '';
  }
  expect(seen).toEqual(['dan', 'cem', 'bob', 'ann', 'sam']);
  expect((await sam.get('/v1/customers?limit=1')).body.items[0]).toEqual((await sam.get('/v1/customers/dan')).body);
});

test('an email finds accounts that confirmed it or only gave it, in capitals or small letters; another one finds nobody', async () => {
  const w = await world();
  const [sam, bob] = [await w.person('sam', ['support']), await w.person('bob')];
  await w.person('sue');
  await bob.patch('/v1/customers/bob', { email: 'sue@example.com', currentPassword: PASSWORD });
  const found = (email: string) => sam.get(`/v1/customers?email=${email}`);
  expect((await found('SUE@example.com')).body.items.map(({ username }: { username: string }) => username)).toEqual(['sue', 'bob']);
  expect((await found('nobody@example.com')).body).toEqual({ items: [], nextCursor: null });
  expect(await found('x')).toBeProblem(422, 'invalid');
});

test('a page is one statement, and one that writes down who read it', async () => {
  const w = await world();
  const sam = await w.person('sam', ['support']);
  await sam.get('/v1/customers');
  expect(await w.statements(() => sam.get('/v1/customers'))).toHaveLength(2);
  expect(await w.statements(() => sam.get('/v1/customers?email=sam@example.com'))).toHaveLength(2);
});

test('only staff who may read customers', async () => {
  const w = await world();
  expect(await (await w.person('bob')).get('/v1/customers')).toBeProblem(403, 'forbidden');
  expect(await w.get('/v1/customers')).toBeProblem(401, 'unauthenticated');
  expect(await (await w.admin()).get('/v1/customers?cursor=made.up')).toBeProblem(400, 'malformed');
});
