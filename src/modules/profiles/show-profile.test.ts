import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { PASSWORD } from '../../../test/people.ts';
import { world } from '../../../test/world.ts';

test('anybody sees the public side of an account, and nothing else', async () => {
  const w = await world();
  const registered = await w.post('/v1/customers', {
    fullName: 'Ann Public',
    username: 'ann',
    password: PASSWORD,
    birthDate: '1990-02-03',
    address: '12 Rue Secrète',
    gender: 'female',
    maritalStatus: 'single',
    email: 'ann@example.com',
  });
  const shown = await w.get(`/v1/users/${registered.body.id}/profile`);
  expect(shown.status).toBe(200);
  expect(shown.body).toEqual({
    id: registered.body.id,
    username: 'ann',
    version: 0,
    name: 'Ann Public',
    picture: null,
    badges: [],
    memberSince: registered.body.createdAt,
  });
});

test('a confirmed email is a badge, not an address', async () => {
  const w = await world();
  const sue = await w.person('sue');
  const { body } = await w.get(`/v1/users/${sue.id}/profile`);
  expect(body.badges).toEqual(['email']);
  expect(JSON.stringify(body)).not.toContain('@');
});

test('an account that is unknown, unconfirmed, suspended or erased has no profile', async () => {
  const w = await world();
  const [mia, bob, ned] = [await w.person('mia', ['moderator']), await w.person('bob'), await w.person('ned')];
  const profileOf = (id: string) => w.get(`/v1/users/${id}/profile`);
  const waiting = await w.post('/v1/auth/sign-up', { email: 'eve@example.com', password: PASSWORD, fullName: 'Eve' });

  await mia.post(`/v1/users/${bob.id}/suspension`, { suspended: true, reason: 'spam' });
  await ned.delete('/v1/customers/ned');
  for (const id of [randomUUID(), waiting.body.user.id, bob.id, ned.id]) expect(await profileOf(id)).toBeProblem(404, 'not-found');

  await mia.post(`/v1/users/${bob.id}/suspension`, { suspended: false, reason: 'a mistake' });
  expect((await profileOf(bob.id)).status).toBe(200);
});

test('a profile is two statements: the account, and its picture', async () => {
  const w = await world();
  const bob = await w.person('bob');
  await w.get(`/v1/users/${bob.id}/profile`);
  expect(await w.statements(() => w.get(`/v1/users/${bob.id}/profile`))).toHaveLength(2);
});
