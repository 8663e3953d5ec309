import { describe, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { operationId } from '#kernel/routes.ts';
import { BadSettings } from '#kernel/settings.ts';
import { type Document, resolved } from '../../../test/document.ts';
import { PASSWORD, type Person, usd } from '../../../test/people.ts';
import { enrol, TOTP_PATH } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

const money = { amount: 1_00, currency: 'USD' };

/** Every call that is marked (MFA), in an order in which an admin may make them, and what it answers; leaving for good is tried by customers. */
const CALLS: readonly [string, number, (person: Person) => ReturnType<Person['post']>][] = [
  ['postCustomersByUsernameWalletCharge', 201, (person) => person.charge(usd(5_00))],
  ['postCustomersByUsernameWalletDeduct', 201, (person) => person.post(`/v1/customers/${person.username}/wallet/deduct`, money)],
  [
    'postAuthChangePassword',
    204,
    (person) => person.post('/v1/auth/change-password', { currentPassword: PASSWORD, newPassword: PASSWORD }),
  ],
  ['putUsersByUserIdRoles', 200, (person) => person.put(`/v1/users/${person.id}/roles`, { roles: ['admin'] })],
  ['postApiKeys', 201, (person) => person.post('/v1/api-keys', { name: 'Couriers', scopes: ['orders:ship'] })],
  ['getApiKeys', 200, (person) => person.get('/v1/api-keys')],
  ['deleteApiKeysById', 204, async (person) => person.delete(`/v1/api-keys/${(await person.get('/v1/api-keys')).body.items?.[0]?.id}`)],
  ['postAuthMfaTotpRecoveryCodes', 201, (person) => person.post(`${TOTP_PATH}/recovery-codes`)],
  ['deleteAuthMfaTotp', 204, (person) => person.delete(TOTP_PATH)],
];

/** Marked too, and called by the tests of their modules. The first three are marked for who acts by a permission, not for the owner. */
const OTHERS = [
  ...['postOrdersByIdCancel', 'postOrdersByIdReturnsByReturnIdAcceptance', 'postOrdersByIdReturnsByReturnIdRefusal'],
  ...['deleteCustomersByUsername', 'postOrdersByIdRefunds', 'postPayouts', 'postPayoutsByIdApproval'],
  'postCustomersByUsernameWalletWriteOff',
  ...['postWebhooks', 'patchWebhooksById', 'deleteWebhooksById', 'postWebhooksByIdSecret'],
];

const statuses = async (person: Person) => {
  const all: [string, number, string?][] = [];
  for (const [operation, , call] of CALLS) {
    const { status, body } = await call(person);
    all.push([operation, status, body?.code]);
  }
  return all;
};
const allow = CALLS.map(([operation, status]) => [operation, status, undefined]);
const refuse = (code: string) => CALLS.map(([operation]) => [operation, 403, code]);

/** Somebody's session as it goes on without a step-up. */
async function refreshed(w: World, person: Person, code: string): Promise<Person> {
  const { body } = await w.post('/v1/auth/sign-in', { username: person.username, password: PASSWORD, code });
  const again = await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: body.refreshToken });
  return w.withToken(person, again.body.accessToken);
}

describe('a call marked (MFA)', () => {
  test('is one of these, and its documentation says so', async () => {
    const w = await world();
    const marked = w.souk.routes.filter(({ route }) => route.spec.mfa).map(({ route }) => operationId(route));
    expect(marked.sort()).toEqual([...CALLS.map(([operation]) => operation), ...OTHERS].sort());
    const document = w.souk.openapi() as Document;
    const operation = document.paths[TOTP_PATH]!.delete!;
    expect(operation.description).toContain('(MFA)');
    expect(resolved(document, operation.responses['403']!).description).toMatch(/mfa-enrolment-required.*mfa-required/);
  });

  test('asks nothing more of an account without a second factor', async () => {
    const w = await world();
    const root = await w.admin();
    const found = await statuses(root);
    expect(found.slice(0, -2)).toEqual(allow.slice(0, -2));
    expect(found.slice(-2)).toEqual(CALLS.slice(-2).map(([operation]) => [operation, 409, 'identity/no-second-factor']));
  });

  test('is refused to a session that has not stepped up, in another process too; nothing else is', async () => {
    const w = await world();
    const { person: root, app } = await enrol(w, await w.admin());
    const plain = await refreshed(w, root, app.next());
    const sibling = await w.sibling();
    const elsewhere = sibling.withToken(root, plain.token);

    expect(await statuses(plain)).toEqual(refuse('mfa-required'));
    expect(await statuses(elsewhere)).toEqual(refuse('mfa-required'));
    expect((await elsewhere.get('/v1/auth/me')).body.mfa).toBe(true);
    expect((await plain.get('/v1/customers/root/wallet')).status).toBe(200);
    const refusals = await w.sql(
      "select 1 from kernel.audit where operation = 'putUsersByUserIdRoles' and outcome = 'refused' and status = 403",
    );
    expect(refusals).toHaveLength(2);

    const { body } = await elsewhere.post('/v1/auth/step-up', { code: app.next() });
    expect(await statuses(w.withToken(root, body.accessToken))).toEqual(allow);
  });

  test('is refused again eleven minutes after the step-up', async () => {
    const w = await world();
    const { person: root, app } = await enrol(w, await w.admin());
    const { body: session } = await w.post('/v1/auth/sign-in', { username: 'root', password: PASSWORD, code: app.next() });
    const steppedUp = w.withToken(root, session.accessToken);
    expect((await steppedUp.charge(usd(5_00))).status).toBe(201);

    w.clock.advance(minutes(11));

    expect(await steppedUp.charge(usd(5_00))).toBeProblem(401, 'unauthenticated'); // the token has run out with it
    const { body: later } = await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: session.refreshToken });
    expect(await statuses(w.withToken(root, later.accessToken))).toEqual(refuse('mfa-required'));
  });

  test('knows nothing of the time before somebody enrolled: an older token is void in every process', async () => {
    const w = await world();
    const bob = await w.person('bob');
    const sibling = await w.sibling();
    const elsewhere = sibling.withToken(bob, bob.token);
    expect((await elsewhere.charge(usd(5_00))).status).toBe(201);
    await enrol(w, bob);
    await expect.poll(async () => (await elsewhere.charge(usd(5_00))).status).toBe(401);
  });
});

describe('MFA_ROLES', () => {
  test('asks holders of these roles to enrol before calls marked (MFA), and nobody before anything else', async () => {
    const w = await world({ env: { MFA_ROLES: 'finance, admin' } });
    const [root, bob] = [await w.admin(), await w.person('bob')];

    expect(await statuses(root)).toEqual(refuse('mfa-enrolment-required'));
    expect((await root.get('/v1/auth/me')).status).toBe(200);
    expect((await root.get(`/v1/customers/${bob.username}`)).status).toBe(200);
    expect((await bob.charge(usd(5_00))).status).toBe(201);

    const { person: enrolled } = await enrol(w, root);
    expect(await statuses(enrolled)).toEqual(allow);
  });

  test('names roles that there are', async () => {
    const starting = world({ env: { MFA_ROLES: 'admin,finanse' } });
    await expect(starting).rejects.toThrow(BadSettings);
    await expect(starting).rejects.toThrow(/finanse/);
  });
});
