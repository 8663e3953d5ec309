import { createHash, randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { minutes, seconds } from '#kernel/clock.ts';
import { browserOf } from '../../../test/browser.ts';
import type { Reply } from '../../../test/people.ts';
import { openProviderStandIns, type ProviderStandIns, PUBLIC_URL } from '../../../test/provider-stand-ins.ts';
import { claimsOf, enrol, WRONG } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

let standIns: ProviderStandIns;
let w: World;
beforeAll(async () => {
  standIns = await openProviderStandIns();
  w = await world({ env: standIns.env });
});

const SHOP = 'https://shop.example.com/welcome?from=google';
const returnTo = (url: string) => `?returnTo=${encodeURIComponent(url)}`;
const said = (reply: Reply) => new URLSearchParams(new URL(reply.headers.get('location') ?? '').hash.slice(1));
const change = (ticket: unknown, code?: unknown) => w.post('/v1/auth/social/sign-in', { ticket, code });

/** Somebody with an account here and at the provider. */
async function known(name: string) {
  standIns.google.people.set(name, { name, email: `${name}@example.com`, email_verified: true });
  return { person: await w.person(name), browser: browserOf(w, name) };
}

async function ticketOf(name: string): Promise<string> {
  const { browser } = await known(name);
  return said(await browser.signIn('google', returnTo(SHOP))).get('ticket') ?? 'no ticket';
}

test('with returnTo the browser goes there, and a ticket in the fragment is changed for a session, once', async () => {
  const { person, browser } = await known('bob');
  const reply = await browser.signIn('google', returnTo(SHOP));
  expect(reply.status).toBe(303);
  const location = reply.headers.get('location') ?? '';
  expect(location).toMatch(/^https:\/\/shop\.example\.com\/welcome\?from=google#ticket=[\w-]{43}$/);

  const ticket = said(reply).get('ticket');
  const replies = await Promise.all(Array.from({ length: 20 }, () => change(ticket)));

  const [tokens, ...others] = replies.filter(({ status }) => status === 200);
  expect(others).toEqual([]);
  expect(claimsOf(tokens!.body.accessToken).sub).toBe(person.id);
  expect(await change(ticket)).toBeProblem(401, 'social/wrong-ticket');
  const entries = await w.sql(`select operation from kernel.audit where subject = $1 and operation = 'postAuthSocialSignIn'`, [person.id]);
  expect(entries).toHaveLength(1);
});

test.each([`${PUBLIC_URL}/welcome`, 'https://shop.example.com'])('the browser may be sent to %s', async (url) => {
  const { browser } = await known('ann');
  const location = (await browser.signIn('google', returnTo(url))).headers.get('location') ?? '';
  expect(new URL(location).origin).toBe(new URL(url).origin);
});

test.each([
  'https://evil.example.com/',
  'https://shop.example.com.evil.example.com/',
  'https://shop.example.com@evil.example.com/',
  'https://user:word@shop.example.com/',
  'http://shop.example.com/',
  'https://shop.example.com:8443/',
  'https://shop.example.com/#ticket=mine',
  '//evil.example.com/',
  '/welcome',
  'javascript:alert(1)',
  'data:text/html,x',
  'null',
  `https://shop.example.com/${'x'.repeat(1000)}`,
])('the browser is never sent to %s', async (url) => {
  expect(await browserOf(w, 'bob').begin('google', returnTo(url))).toBeProblem(422, 'invalid');
});

test('a callback cannot be talked into going elsewhere', async () => {
  const { browser } = await known('cleo');
  const path = await browser.travel((await browser.begin('google')).headers.get('location') ?? '');
  expect((await browser.comeBack(`${path}&returnTo=${encodeURIComponent('https://evil.example.com/')}`)).status).toBe(200);
});

test('a ticket of an authorization request with a challenge is changed by the page that began it, and used up by any other', async () => {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const { browser } = await known('kim');
  const ticket = async () => said(await browser.signIn('google', `${returnTo(SHOP)}&challenge=${challenge}`)).get('ticket');

  expect((await w.post('/v1/auth/social/sign-in', { ticket: await ticket(), verifier })).status).toBe(200);
  for (const theirs of [undefined, challenge, 'a guess']) {
    const stolen = await ticket();
    expect(await w.post('/v1/auth/social/sign-in', { ticket: stolen, verifier: theirs })).toBeProblem(401, 'social/wrong-ticket');
    expect(await w.post('/v1/auth/social/sign-in', { ticket: stolen, verifier })).toBeProblem(401, 'social/wrong-ticket');
  }
  expect(await browser.begin('google', '?challenge=short')).toBeProblem(422, 'invalid');
});

test('a ticket is valid for a minute', async () => {
  const ticket = await ticketOf('dora');
  w.clock.advance(seconds(60));
  expect(await change(ticket)).toBeProblem(401, 'social/wrong-ticket');
  w.clock.advance(minutes(6));
  await w.step();
  expect(await w.sql('select 1 from social.tickets')).toEqual([]);
});

test.each(['guessed', 'x'.repeat(200)])('a ticket that nobody gave out, %j, opens nothing', async (ticket) => {
  expect(await change(ticket)).toBeProblem(401, 'social/wrong-ticket');
});

test('the reason of a refusal is sent to the page where the person wanted to go', async () => {
  const declined = await browserOf(w, 'nobody').signIn('google', returnTo(SHOP));
  expect(declined.status).toBe(303);
  expect(said(declined).get('problem')).toBe('social/declined');
  const [entry] = await w.sql('select operation, outcome, status from kernel.audit order by at desc, id desc limit 1');
  expect(entry).toEqual({ operation: 'getAuthSocialByProviderCallback', outcome: 'refused', status: 403 });
  standIns.google.people.set('una', { email: 'una@example.com', email_verified: false });
  expect(said(await browserOf(w, 'una').signIn('google', returnTo(SHOP))).get('problem')).toBe('identity/email-not-verified');
});

test('a suspension between the ticket and its change keeps out', async () => {
  const ticket = await ticketOf('eve');
  const { person } = await known('eve');
  await (await w.admin()).post(`/v1/users/${person.id}/suspension`, { suspended: true, reason: 'sells what is not theirs' });
  expect(await change(ticket)).toBeProblem(403, 'identity/account-suspended');
  const leaving = await ticketOf('lea');
  await w.ask('identity', 'life.close', { accountId: (await known('lea')).person.id }).catch(() => {});
  expect(await change(leaving)).toBeProblem(403, 'identity/account-closing');
});

test('what voids the tokens of an account voids its tickets', async () => {
  const ticket = await ticketOf('fay');
  const { person } = await known('fay');
  await w.ask('identity', 'grantRoles', { accountId: person.id, roles: ['support'] });
  expect(await change(ticket)).toBeProblem(401, 'social/wrong-ticket');
  const erased = await ticketOf('guy');
  const { id: accountId } = (await known('guy')).person;
  await w.ask('identity', 'life.close', { accountId });
  await w.ask('identity', 'life.forget', { accountId });
  expect(await change(erased)).toBeProblem(401, 'social/wrong-ticket');
});

test('with a second factor the provider alone is not enough; a ticket and a code are', async () => {
  const { person, browser } = await known('hal');
  const { app } = await enrol(w, person);

  const refused = await browser.signIn('google');
  expect(refused).toBeProblem(401, 'identity/mfa-code-required');
  expect(refused.headers.get('cache-control')).toBe('no-store');
  expect(refused.body.accessToken).toBeUndefined();
  const { ticket, detail } = refused.body;
  expect(detail).toContain('/v1/auth/social/sign-in');

  const again = await change(ticket);
  expect(again).toBeProblem(401, 'identity/mfa-code-required');
  expect(again.body).toMatchObject({ ticket, detail });
  expect(await change(ticket, WRONG.code)).toBeProblem(401, 'identity/wrong-mfa-code');
  w.clock.advance(minutes(4)); // typing takes a while
  const code = app.next();
  const replies = await Promise.all(Array.from({ length: 20 }, () => change(ticket, code)));
  const [tokens, ...others] = replies.filter(({ status }) => status === 200);
  expect(others).toEqual([]);
  const { sub, mfa, mfa_at, iat } = claimsOf(tokens!.body.accessToken);
  expect([sub, mfa]).toEqual([person.id, true]);
  expect(Math.abs(iat - mfa_at)).toBeLessThan(30);
  expect(await change(ticket, app.next())).toBeProblem(401, 'social/wrong-ticket');
});

test('five guesses at the code are allowed, for all tickets together', async () => {
  const { person, browser } = await known('ida');
  const { app } = await enrol(w, person);
  const tickets = [(await browser.signIn('google')).body.ticket, said(await browser.signIn('google', returnTo(SHOP))).get('ticket')];
  for (let n = 0; n < 5; n++) expect(await change(tickets[n % 2], WRONG.code)).toBeProblem(401, 'identity/wrong-mfa-code');
  for (const ticket of tickets) expect(await change(ticket, app.next())).toBeProblem(429, 'too-many-requests');
});

test('a second factor that is enrolled after the ticket was given voids it', async () => {
  const ticket = await ticketOf('jim');
  await enrol(w, (await known('jim')).person);
  expect(await change(ticket)).toBeProblem(401, 'social/wrong-ticket');
});

test.each([{}, { ticket: '' }, { ticket: 7 }, { ticket: 'x', code: '12' }, { ticket: 'x', password: 'y' }])(
  '%j is malformed',
  async (body) => {
    expect(await w.post('/v1/auth/social/sign-in', body)).toBeProblem(422, 'invalid');
  },
);
