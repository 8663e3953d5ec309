import pg from 'pg';
import { expect, test } from 'vitest';
import { permissionsOf } from '#kernel/permissions.ts';
import { whileHeld } from '../../../test/held.ts';
import { PASSWORD } from '../../../test/people.ts';
import { world } from '../../../test/world.ts';
import { roleNames } from './contract.ts';

test('an admin makes Sue a moderator: her old token dies, her next one says so', async () => {
  const w = await world();
  const [admin, sue] = [await w.admin(), await w.person('sue')];
  const session = (await w.post('/v1/auth/sign-in', { username: 'sue', password: PASSWORD })).body;
  expect((await sue.get('/v1/auth/me')).body.roles).toEqual([]);

  const granted = await admin.put(`/v1/users/${sue.id}/roles`, { roles: ['moderator', 'analyst', 'moderator'] });
  expect(granted).toMatchObject({ status: 200, body: { id: sue.id, username: 'sue', roles: ['analyst', 'moderator'] } });

  expect(await sue.get('/v1/auth/me')).toBeProblem(401, 'unauthenticated');
  const refreshed = await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: session.refreshToken });
  expect((await w.get('/v1/auth/me', { authorization: `Bearer ${refreshed.body.accessToken}` })).body).toMatchObject({
    roles: ['analyst', 'moderator'],
    permissions: ['analytics:read', 'moderation:decide', 'reports:decide', 'reviews:moderate'],
  });
});

test('roles that are taken away give nothing any more, at once', async () => {
  const w = await world();
  const admin = await w.admin();
  const sam = await w.person('sam', ['admin']);
  expect((await sam.put(`/v1/users/${admin.id}/roles`, { roles: ['admin'] })).status).toBe(200);
  await admin.put(`/v1/users/${sam.id}/roles`, { roles: [] });
  expect(await sam.put(`/v1/users/${admin.id}/roles`, { roles: [] })).toBeProblem(401, 'unauthenticated');
  expect(await (await w.person('sam')).put(`/v1/users/${admin.id}/roles`, { roles: [] })).toBeProblem(403, 'forbidden');
});

test('the same roles again change nothing and sign nobody out', async () => {
  const w = await world();
  const admin = await w.admin();
  const sue = await w.person('sue', ['support']);
  const again = await admin.put(`/v1/users/${sue.id}/roles`, { roles: ['support'] });
  expect(again.status).toBe(200);
  expect((await sue.get('/v1/auth/me')).status).toBe(200);
});

test('a change of an older version is refused', async () => {
  const w = await world();
  const [admin, sue] = [await w.admin(), await w.person('sue')];
  const first = await admin.put(`/v1/users/${sue.id}/roles`, { roles: ['support'] });
  const etag = first.headers.get('etag') ?? '';
  expect((await admin.put(`/v1/users/${sue.id}/roles`, { roles: ['finance'] }, { 'if-match': etag })).status).toBe(200);
  expect(await admin.put(`/v1/users/${sue.id}/roles`, { roles: [] }, { 'if-match': etag })).toBeProblem(412, 'version-mismatch');
  expect((await w.sql('select roles from identity.accounts where id = $1', [sue.id]))[0]).toEqual({ roles: ['finance'] });
});

test('an account that is not there, or not confirmed, gets no roles', async () => {
  const w = await world();
  const admin = await w.admin();
  const { body } = await w.post('/v1/auth/sign-up', { email: 'jane@example.com', password: PASSWORD, fullName: 'Jane Doe' });
  for (const id of ['0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01', body.user.id, 'x'])
    expect(await admin.put(`/v1/users/${id}/roles`, { roles: ['admin'] })).toBeProblem(404, 'not-found');
});

test.each([{ roles: ['emperor'] }, { roles: 'admin' }, {}, { roles: [], permissions: ['roles:grant'] }])(
  'roles %j are malformed',
  async (body) => {
    const w = await world();
    const [admin, sue] = [await w.admin(), await w.person('sue')];
    expect(await admin.put(`/v1/users/${sue.id}/roles`, body)).toBeProblem(422, 'invalid');
  },
);

test('grants at the same time leave one of them, whole', async () => {
  const w = await world();
  const [admin, sue] = [await w.admin(), await w.person('sue')];
  await Promise.all(roleNames.map((role) => admin.put(`/v1/users/${sue.id}/roles`, { roles: [role] })));
  const [row] = await w.sql<{ roles: string[]; rev: string }>('select roles, rev from identity.accounts where id = $1', [sue.id]);
  expect(row?.roles).toHaveLength(1);
  expect(await w.sql('select max(seq) as rev from identity.revocations where id = $1', [sue.id])).toEqual([{ rev: row?.rev }]);
});

test('every permission belongs to a role other than admin, save granting and what partners do with orders; admin has all; an unknown role gives none', async () => {
  const permissions = permissionsOf((await world()).souk.runtime.modules);
  const others = permissions.ofRoles(roleNames.filter((role) => role !== 'admin'));
  const savePartners = permissions.all.filter((permission) => !others.has(permission)).sort();
  expect(savePartners).toEqual(['orders:deliver', 'orders:pack', 'orders:ship', 'roles:grant']);
  expect([...permissions.ofRoles(['admin'])].sort()).toEqual([...permissions.all].sort());
  expect(permissions.ofRoles(['emperor', 'constructor', '__proto__'])).toEqual(new Set());
});

test('the last admin keeps the role and the account, and another admin makes both possible', async () => {
  const w = await world();
  const ada = await w.person('ada', ['admin']);
  const roles = (id: string, names: string[]) => ada.put(`/v1/users/${id}/roles`, { roles: names });
  expect(await roles(ada.id, ['finance'])).toBeProblem(409, 'identity/last-admin');
  const leaving = await ada.delete('/v1/customers/ada');
  expect(leaving).toBeProblem(409, 'customers/still-open');
  expect(leaving.body.reasons).toEqual(['last-admin']);

  const bea = await w.person('bea');
  expect((await roles(bea.id, ['admin'])).status).toBe(200);
  expect((await roles(ada.id, ['finance'])).status).toBe(200);
});

test('of two admins who take the role from each other at once one keeps it', async () => {
  const w = await world();
  const [ada, bea] = [await w.person('ada', ['admin']), await w.person('bea', ['admin'])];
  const replies = await Promise.all([
    ada.put(`/v1/users/${bea.id}/roles`, { roles: [] }),
    bea.put(`/v1/users/${ada.id}/roles`, { roles: [] }),
  ]);
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(await w.sql(`select 1 from identity.accounts where 'admin' = any (roles)`)).toHaveLength(1);
});

test('of the last two admins who delete their accounts at the same time one stays, and reads why', async () => {
  const w = await world();
  const admins = [await w.person('ada', ['admin']), await w.person('bea', ['admin'])];
  const replies = await whileHeld(w, { by: 'select from identity.accounts for update', waiting: 2 }, () =>
    Promise.all(admins.map((admin) => admin.delete(`/v1/customers/${admin.username}`))),
  );
  const [refused, ...others] = replies.filter(({ status }) => status !== 204);
  expect(others).toEqual([]);
  expect(refused).toBeProblem(409, 'customers/still-open');
  expect(refused?.body.reasons).toEqual(['last-admin']);
  expect(await w.sql("select 1 from identity.accounts where 'admin' = any (roles) and state = 'active'")).toHaveLength(1);
});

test('of two admins who suspend each other at once one stays', async () => {
  const w = await world();
  const [ada, bea] = [await w.person('ada', ['admin']), await w.person('bea', ['admin'])];
  const out = { suspended: true, reason: 'a quarrel' };
  const replies = await whileHeld(w, { by: 'select from identity.accounts for update', waiting: 2 }, () =>
    Promise.all([ada.post(`/v1/users/${bea.id}/suspension`, out), bea.post(`/v1/users/${ada.id}/suspension`, out)]),
  );
  expect(replies.find(({ status }) => status !== 200)).toBeProblem(409, 'identity/last-admin');
  expect(await w.sql("select 1 from identity.accounts where state = 'active'")).toHaveLength(1);
});

test('of three admins who are suspended, demoted and leave at once one stays', async () => {
  const w = await world();
  const [ada, bea, cid] = [await w.person('ada', ['admin']), await w.person('bea', ['admin']), await w.person('cid', ['admin'])];
  const out = { suspended: true, reason: 'a quarrel' };
  await whileHeld(w, { by: 'select from identity.accounts for update', waiting: 3 }, () =>
    Promise.all([
      ada.post(`/v1/users/${bea.id}/suspension`, out),
      bea.put(`/v1/users/${ada.id}/roles`, { roles: [] }),
      cid.delete('/v1/customers/cid'),
    ]),
  );
  expect(await w.sql("select from identity.accounts where state = 'active' and 'admin' = any (roles)")).toHaveLength(1);
});

test('the database itself keeps one active admin: who stops being one waits for others who do', async () => {
  const w = await world();
  const [ada, bea, cid] = [await w.person('ada', ['admin']), await w.person('bea', ['admin']), await w.person('cid', ['admin'])];
  const suspend = (id: string) => `update identity.accounts set state = 'suspended' where id = '${id}'`;
  const demote = (id: string) => `update identity.accounts set roles = '{}' where id = '${id}'`;
  const pool = new pg.Pool({ connectionString: w.databaseUrl });
  const ends = await whileHeld(w, { by: suspend(ada.id), waiting: 2 }, () =>
    Promise.allSettled([pool.query(suspend(bea.id)), pool.query(demote(cid.id))]),
  );
  await pool.end();
  expect(await w.sql("select from identity.accounts where state = 'active' and 'admin' = any (roles)")).toHaveLength(1);
  expect(ends.flatMap((end) => (end.status === 'rejected' ? [end.reason.constraint] : []))).toEqual(['an_admin_stays']);
});
