import { beforeAll, describe, expect, test } from 'vitest';
import { hours, minutes } from '#kernel/clock.ts';
import { PASSWORD, type Person } from '../../../test/people.ts';
import { enrol } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

/** What others try, from one network or from many, keeps no owner out, and guesses stay few. */

let w: World;
let networks = 0;
beforeAll(async () => {
  w = await world({ env: { TRUST_PROXY: 'on' } });
});

/** A network that nobody has called from. */
const network = () => ({ 'x-forwarded-for': `198.18.${++networks >> 8}.${networks & 255}` });
const HOME = { 'x-forwarded-for': '203.0.113.7' };
const NEW = 'an even better horse';

const mailedTo = (username: string, of = w) => of.mail(`${username}@example.com`)?.text ?? '';
const digits = (text: string) => /^\d{6}/.exec(text)?.[0] ?? 'none';
const longCode = (text: string) => /(?:[a-z]{5}-){5}[a-z]{5}/.exec(text)?.[0] ?? 'none';
const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

/** The ways in which a mailed code is asked for and entered. */
const ways = {
  'sign-up': {
    ask: async (username: string) => {
      const body = { email: `${username}@example.com`, username, password: PASSWORD, fullName: 'Jane Doe' };
      expect((await w.post('/v1/auth/sign-up', body, HOME)).status).toBe(201);
    },
    enter: (username: string, code: string, from: object) =>
      w.post('/v1/auth/confirm-sign-up', { email: `${username}@example.com`, code }, { ...from }),
    done: 200,
  },
  'a new password': {
    ask: async (username: string) => {
      await w.person(username);
      await w.post('/v1/auth/forgot-password', { username }, HOME);
    },
    enter: (username: string, code: string, from: object) =>
      w.post('/v1/auth/reset-password', { username, code, newPassword: NEW }, { ...from }),
    done: 204,
  },
  'another email': {
    ask: async (username: string) => {
      const person = await w.person(`${username}_before`);
      const changes = { email: `${username}@example.com`, currentPassword: PASSWORD };
      expect((await person.patch(`/v1/customers/${person.username}`, changes)).status).toBe(200);
    },
    enter: (username: string, code: string, from: object) =>
      w.post('/v1/auth/confirm-sign-up', { username: `${username}_before`, code }, { ...from }),
    done: 200,
  },
};
const WAYS = Object.entries(ways).map(([name, way], index) => [name, way, `jane${index}`] as const);

describe.each(WAYS)('a code mailed for %s', (_, { ask, enter, done }, name) => {
  const mailed = async (username: string) => {
    await ask(username);
    await w.step();
    return mailedTo(username);
  };

  test('is still valid after 25 wrong tries from another network, and 25 from 25 networks', async () => {
    const text = await mailed(`${name}a`);
    const elsewhere = network();
    for (let n = 0; n < 25; n++) expect(await enter(`${name}a`, wrong(digits(text)), elsewhere)).toBeProblem(403, 'identity/wrong-code');
    expect(await enter(`${name}a`, digits(text), elsewhere)).toBeProblem(403, 'identity/wrong-code'); // its five tries are spent
    await Promise.all(Array.from({ length: 25 }, () => enter(`${name}a`, wrong(digits(text)), network())));

    expect((await enter(`${name}a`, digits(text), HOME)).status).toBe(done);
  });

  test('may be guessed at a hundred times a day from all networks together; its long code stays valid', async () => {
    const text = await mailed(`${name}b`);
    for (let n = 0; n < 20; n++) {
      const elsewhere = network();
      await Promise.all(Array.from({ length: 5 }, () => enter(`${name}b`, wrong(digits(text)), elsewhere)));
    }

    expect(await enter(`${name}b`, digits(text), network())).toBeProblem(403, 'identity/wrong-code');
    expect(await enter(`${name}b`, wrong(digits(text)), network())).toBeProblem(403, 'identity/wrong-code');
    expect((await enter(`${name}b`, longCode(text).toUpperCase(), network())).status).toBe(done);
  });
});

describe.each(WAYS)('a code mailed for %s, asked for again from elsewhere', (kind, { ask, enter, done }, name) => {
  const askAgain = async (username: string, from: object) => {
    const path = kind === 'a new password' ? '/v1/auth/forgot-password' : '/v1/auth/resend-code';
    await w.post(path, { username: kind === 'another email' ? `${username}_before` : username }, { ...from });
    await w.step();
    return mailedTo(username);
  };

  test('is the same code, good for another quarter of an hour, and the place that asked has its tries again', async () => {
    const username = `${name}c`;
    await ask(username);
    await w.step();
    const first = mailedTo(username);
    const [elsewhere, other] = [network(), network()];
    for (const from of [elsewhere, other]) for (let n = 0; n < 5; n++) await enter(username, wrong(digits(first)), from);
    w.clock.advance(minutes(14));
    const mails = w.adapters.email.items(`${username}@example.com`).length;
    const second = await askAgain(username, elsewhere);
    expect(w.adapters.email.items(`${username}@example.com`)).toHaveLength(mails + 1);
    expect([digits(second), longCode(second)]).toEqual([digits(first), longCode(first)]);

    w.clock.advance(minutes(14) - 1);
    const fromOther = await enter(username, digits(first), elsewhere);
    expect(fromOther.status).toBe(done);
  });

  test('is another one after a day, and when it was used', async () => {
    const username = `${name}d`;
    await ask(username);
    await w.step();
    const first = digits(mailedTo(username));
    await w.sql("update identity.codes set first_at = first_at - interval '1 day'");
    const second = digits(await askAgain(username, network()));
    expect(second).not.toBe(first);
    expect(await enter(username, first, network())).toBeProblem(403, 'identity/wrong-code');
    expect((await enter(username, second, network())).status).toBe(done);
    const third = await askAgain(username, network());
    if (kind === 'a new password') expect(digits(third)).not.toBe(second);
    else expect(digits(third)).toBe(second); // no more is mailed
  });
});

test('the digits are valid from a network of an earlier sign-in, even after the tries of others; asking again gives those others no more tries', async () => {
  const kim = await w.person('kim');
  expect((await w.post('/v1/auth/sign-in', { username: 'kim', password: PASSWORD }, HOME)).status).toBe(200);
  const reset = (code: string, from: object) => w.post('/v1/auth/reset-password', { username: 'kim', code, newPassword: NEW }, { ...from });
  const asked = async () => {
    await w.post('/v1/auth/forgot-password', { username: 'kim' }, HOME);
    await w.step();
    return mailedTo('kim');
  };
  const first = await asked();
  await Promise.all(Array.from({ length: 101 }, () => reset(wrong(digits(first)), network())));

  const second = await asked();
  expect(await reset(digits(second), network())).toBeProblem(403, 'identity/wrong-code');
  expect([digits(second), longCode(second)]).toEqual([digits(first), longCode(first)]);
  expect((await reset(digits(second), HOME)).status).toBe(204);
  expect(await reset(longCode(second), HOME)).toBeProblem(403, 'identity/wrong-code'); // used
  expect((await w.post('/v1/auth/sign-in', { username: kim.username, password: NEW }, HOME)).status).toBe(200);
});

test('a day later the digits of an account may be tried again', async () => {
  await w.person('lea');
  const reset = (code: string) => w.post('/v1/auth/reset-password', { username: 'lea', code, newPassword: NEW }, network());
  const asked = async () => {
    await w.post('/v1/auth/forgot-password', { username: 'lea' }, HOME);
    await w.step();
    return digits(mailedTo('lea'));
  };
  const code = await asked();
  await Promise.all(Array.from({ length: 101 }, () => reset(wrong(code))));
  expect(await reset(code)).toBeProblem(403, 'identity/wrong-code');
  w.clock.advance(hours(25));
  expect((await reset(await asked())).status).toBe(204);
});

describe('an email with a code', () => {
  test('is sent five times a day for one network, and to the owner who asks from another one', async () => {
    await ways['sign-up'].ask('mia');
    await w.step();
    const elsewhere = network();
    for (let n = 0; n < 7; n++) {
      await w.post('/v1/auth/resend-code', { username: 'mia' }, elsewhere);
      await w.step(); // one that was replaced meanwhile is not sent
    }
    const sent = () => w.adapters.email.items('mia@example.com').length;
    expect(sent()).toBe(6);

    await w.post('/v1/auth/resend-code', { username: 'mia' }, HOME);
    await w.step();
    expect(sent()).toBe(7);
    expect((await ways['sign-up'].enter('mia', digits(mailedTo('mia')), network())).status).toBe(200);
  });

  test('is sent to one address thirty times in a quarter of an hour at most, and always for a first request', async () => {
    const limited = await world({ env: { RATE_LIMITS: 'on', TRUST_PROXY: 'on' } });
    const email = 'nora@example.com';
    const signUp = (username: string, from: Record<string, string>) =>
      limited.post('/v1/auth/sign-up', { email, username, password: PASSWORD, fullName: 'N' }, from);
    const networks = [network(), network(), network(), network()];
    for (const [index, from] of networks.entries())
      await Promise.all(Array.from({ length: 12 }, (_, n) => signUp(`claim_${index}_${n}`, from)));
    await limited.step();
    const sent = () => limited.adapters.email.items(email).length;
    expect(sent()).toBe(31); // ten from each of three, and the first of the fourth

    expect((await signUp('nora', HOME)).status).toBe(201);
    expect((await signUp('nora_too', HOME)).status).toBe(201);
    await limited.step();
    expect(sent()).toBe(32);
    const code = digits(mailedTo('nora', limited));
    expect((await limited.post('/v1/auth/confirm-sign-up', { username: 'nora', code }, HOME)).status).toBe(200);
  });
});

describe('with limits', () => {
  let limited: World;
  let ola: Person;
  const signIn = (more: object, from: object) =>
    limited.post('/v1/auth/sign-in', { username: 'ola', password: PASSWORD, ...more }, { ...from });
  beforeAll(async () => {
    limited = await world({ env: { RATE_LIMITS: 'on', TRUST_PROXY: 'on' } });
    ola = await limited.person('ola');
    expect((await signIn({}, HOME)).status).toBe(200);
  });

  test('a hundred wrong passwords from ten networks do not refuse an owner at a network of an earlier sign-in', async () => {
    for (let n = 0; n < 10; n++) {
      const elsewhere = network();
      await Promise.all(Array.from({ length: 11 }, () => signIn({ password: 'a guess' }, elsewhere)));
    }
    expect(await signIn({}, network())).toBeProblem(429, 'too-many-requests'); // guesses stay bounded
    expect((await signIn({}, HOME)).status).toBe(200);
    const changed = await ola.post('/v1/auth/change-password', { currentPassword: PASSWORD, newPassword: PASSWORD });
    expect(changed.status).toBe(204);
  });

  test('an owner who is refused at a new network signs in by mail, and is known there afterwards', async () => {
    const hotel = network();
    expect(await signIn({}, hotel)).toBeProblem(429, 'too-many-requests');
    await limited.post('/v1/auth/forgot-password', { username: 'ola' }, hotel);
    await limited.step();
    const reset = { username: 'ola', code: longCode(mailedTo('ola', limited)), newPassword: NEW };
    expect((await limited.post('/v1/auth/reset-password', reset, hotel)).status).toBe(204);
    expect((await signIn({ password: NEW }, hotel)).status).toBe(200);
    expect(await signIn({ password: NEW }, HOME)).toBeProblem(429, 'too-many-requests'); // whoever knew the old password is out
  });
});

test('twenty wrong one-time codes from four networks keep no owner out, at sign-in or in an open session', async () => {
  const pia = await w.person('pia');
  const signIn = (code: string | undefined, from: object) =>
    w.post('/v1/auth/sign-in', { username: 'pia', password: PASSWORD, code }, { ...from });
  expect((await signIn(undefined, HOME)).status).toBe(200);
  const { person, app } = await enrol(w, pia);
  for (let n = 0; n < 4; n++) {
    const thief = network();
    for (let code = 0; code < 5; code++) await signIn(String(code).padStart(6, '0'), thief);
  }

  w.clock.advance(31_000);
  expect(await signIn(app.code(), network())).toBeProblem(429, 'too-many-requests'); // guesses stay bounded
  expect((await person.post('/v1/auth/step-up', { code: app.code() })).status).toBe(200);
  w.clock.advance(31_000);
  expect((await signIn(app.code(), HOME)).status).toBe(200);
});
