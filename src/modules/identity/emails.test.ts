import { beforeAll, expect, test } from 'vitest';
import { PASSWORD, type Person } from '../../../test/people.ts';
import { appOf, enrol, TOTP_PATH } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
beforeAll(async () => {
  w = await world();
});

const addressOf = ({ username }: Person) => `${username}@example.com`;
const emails = async (to: string) => {
  await w.step();
  return w.adapters.email.items(to);
};
const subjects = async (person: Person) => (await emails(addressOf(person))).map(({ subject }) => subject);

test('Ann gets an email when a second factor is added, and when it is removed', async () => {
  const { person: ann } = await enrol(w, await w.person('ann'));
  expect(await subjects(ann)).toEqual(['A second factor was added to your account']);
  expect(w.mail('ann@example.com')?.text).toContain('The account ann has a second factor now');

  expect((await ann.delete(TOTP_PATH)).status).toBe(204);
  expect((await subjects(ann))[0]).toBe('The second factor of your account was removed');
  expect(w.mail('ann@example.com')?.text).toMatch(/If it was not you, .*new password/);
});

test('Ben gets an email for every used recovery code, with the number that is left', async () => {
  const { person: ben, recoveryCodes } = await enrol(w, await w.person('ben'));
  const [first, second, third, ...others] = recoveryCodes;
  await w.step(); // emails of one step come in any order
  expect((await ben.post('/v1/auth/step-up', { code: first })).status).toBe(200);
  expect((await emails('ben@example.com'))[0]).toMatchObject({
    subject: 'A recovery code was used',
    text: expect.stringContaining('Codes left: 9.'),
  });
  expect((await w.post('/v1/auth/sign-in', { username: 'ben', password: PASSWORD, code: second })).status).toBe(200);
  expect((await emails('ben@example.com'))[0]?.text).toContain('Codes left: 8.');

  expect(await ben.post('/v1/auth/step-up', { code: first })).toBeProblem(401, 'identity/wrong-mfa-code');
  expect(await emails('ben@example.com')).toHaveLength(3);

  await Promise.all([third, ...others.slice(0, 3)].map((code) => ben.post('/v1/auth/step-up', { code })));
  const told = (await emails('ben@example.com')).slice(0, 4).map(({ text }) => /Codes left: (\d)/.exec(text)?.[1]);
  expect(told.sort()).toEqual(['4', '5', '6', '7']);
  for (const code of others.slice(3)) await ben.post('/v1/auth/step-up', { code });
  const last = await emails('ben@example.com');
  expect(last.some(({ text }) => text.includes('Codes left: 1.'))).toBe(true);
  expect(last.filter(({ text }) => text.includes('It was the last one'))).toHaveLength(1);
  for (const code of recoveryCodes) expect(last.some(({ text }) => text.includes(code))).toBe(false);
});

test('an email is in the language of its reader, else of the call, else of the shop', async () => {
  const shop = await world({ env: { SHOP_LANGUAGE: 'ar', SHOP_NAME: 'Tunis Bazaar' } });
  const mailed = async (to: string) => {
    await shop.step();
    return shop.adapters.email.items(to)[0];
  };
  const forgot = (username: string, language: string) =>
    shop.post('/v1/auth/forgot-password', { username }, { 'accept-language': language });
  const dan = await shop.person('dan');

  await forgot('dan', 'fr-CH, en;q=0.5');
  expect(await mailed('dan@example.com')).toMatchObject({
    subject: 'Votre code pour un nouveau mot de passe',
    text: expect.stringMatching(/^\d{6} est votre code/),
    html: expect.stringMatching(/<html lang="fr" dir="ltr"[\s\S]*Tunis Bazaar/),
  });
  await forgot('dan', 'de');
  expect(await mailed('dan@example.com')).toMatchObject({ subject: 'رمز كلمة المرور الجديدة', html: expect.stringContaining('dir="rtl"') });
  await dan.patch('/v1/customers/dan', { language: 'en' });
  await dan.post(
    '/v1/auth/change-password',
    { currentPassword: PASSWORD, newPassword: 'another long password' },
    { 'accept-language': 'fr' },
  );
  expect(await mailed('dan@example.com')).toMatchObject({ subject: 'Your password was changed' });

  const emma = await shop.person('emma');
  await emma.post(
    '/v1/auth/change-password',
    { currentPassword: PASSWORD, newPassword: 'another long password' },
    { 'accept-language': 'fr' },
  );
  expect(await mailed('emma@example.com')).toMatchObject({ subject: 'Votre mot de passe a changé' });
});

test('a thief who gives an account another email cannot hide it from the owner', async () => {
  const cleo = await w.person('cleo');
  await cleo.post('/v1/auth/change-password', { currentPassword: PASSWORD, newPassword: 'the password of a thief' });
  const app = appOf(w, (await cleo.post(TOTP_PATH, { currentPassword: 'the password of a thief' })).body.secret);
  const stolen = w.withToken(cleo, (await cleo.post(`${TOTP_PATH}/confirm`, { code: app.code() })).body.accessToken);
  expect((await stolen.patch('/v1/customers/cleo', { email: 'thief@example.org' })).status).toBe(200);

  expect((await subjects(cleo)).sort()).toEqual([
    'A second factor was added to your account',
    'Your email address was changed',
    'Your password was changed',
  ]);
  for (const { text } of await emails('cleo@example.com')) expect(text).not.toContain('thief');
  expect((await emails('thief@example.org')).map(({ subject }) => subject)).toEqual(['Your confirmation code']);
  expect(await w.sql('select 1 from identity.owed_letters')).toEqual([]);

  await stolen.patch('/v1/customers/cleo', { email: null });
  await stolen.delete(TOTP_PATH);
  expect(await emails('cleo@example.com')).toHaveLength(3); // an address that counts for nothing is told nothing
  expect(await emails('thief@example.org')).toHaveLength(1);
});

test('removing the email is notified too, and the same one in other letter case is not', async () => {
  const dora = await w.person('dora');
  await dora.patch('/v1/customers/dora', { email: 'DORA@example.com', phone: '+21671000000' });
  expect(await subjects(dora)).toEqual([]);
  await dora.patch('/v1/customers/dora', { email: null, currentPassword: PASSWORD });
  expect(await subjects(dora)).toEqual(['Your email address was changed']);
});

test('an account that has proven no email gets no emails', async () => {
  const about = { fullName: 'Eve', age: 30, address: 'Tunis', gender: 'other', maritalStatus: 'single' };
  const made = await w.post('/v1/customers', { ...about, username: 'eve', password: PASSWORD, email: 'not.hers@example.com' });
  const { body } = await w.post('/v1/auth/sign-in', { username: 'eve', password: PASSWORD });
  const { person: eve, recoveryCodes } = await enrol(w, w.withToken({ id: made.body.id, username: 'eve' }, body.accessToken));
  await eve.post('/v1/auth/step-up', { code: recoveryCodes[0] });
  await eve.delete(TOTP_PATH);
  expect((await emails('not.hers@example.com')).map(({ subject }) => subject)).toEqual(['Your confirmation code']);
});

test('no email goes out for what did not happen, or to an erased account, and a job that runs twice sends one', async () => {
  const { person: fay } = await enrol(w, await w.person('fay'));
  await w.step();
  const gus = await w.person('gus');
  expect(await gus.delete(TOTP_PATH)).toBeProblem(409, 'identity/no-second-factor');
  expect(await subjects(gus)).toEqual([]);

  await w.tellAgain('identity.tell-owner');
  expect(await subjects(fay)).toHaveLength(1);

  await fay.delete(TOTP_PATH);
  const again = w.withToken(fay, (await w.post('/v1/auth/sign-in', { username: 'fay', password: PASSWORD })).body.accessToken);
  expect((await again.delete('/v1/customers/fay')).status).toBe(204);
  expect(await w.sql('select 1 from identity.owed_letters')).toEqual([]);
  await w.step();
  expect(w.adapters.email.items('fay@example.com')).toHaveLength(1);
});

test('an email that cannot be sent for a week is forgotten', async () => {
  const hal = await w.person('hal');
  await w.sql(
    `insert into identity.owed_letters (id, account_id, to_sealed, created_at)
     select gen_random_uuid(), id, email_sealed, $2::timestamptz - interval '8 days' from identity.accounts where id = $1`,
    [hal.id, w.clock.now()],
  );
  w.clock.advance(10 * 60_000);
  await w.step();
  expect(await w.sql('select 1 from identity.owed_letters')).toEqual([]);
});
