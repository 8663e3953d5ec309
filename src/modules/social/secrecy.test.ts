import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { browserOf } from '../../../test/browser.ts';
import { CLIENT } from '../../../test/openid-provider.ts';
import { openProviderStandIns } from '../../../test/provider-stand-ins.ts';
import { world } from '../../../test/world.ts';

test.each(['google', 'facebook'])(
  'a reader of the database or the logs finds nothing that %s, the browser or Souk have sent',
  async (provider) => {
    const standIns = await openProviderStandIns();
    const jane = { name: 'Zenobia Hidden', email: 'very.secret@example.com' };
    standIns.google.people.set('subject-of-jane', { ...jane, email_verified: true });
    standIns.facebook.people.set('subject-of-jane', jane);
    const logged: string[] = [];
    const keep = new Writable({
      write(chunk, _, done) {
        logged.push(String(chunk));
        done();
      },
    });
    const w = await world({ env: standIns.env, log: pino({ level: 'debug' }, keep) });
    const found: string[] = [];
    const look = async () => found.push(await w.dump());

    const browser = browserOf(w, 'subject-of-jane');
    const begun = await browser.begin(provider, `?returnTo=${encodeURIComponent('https://shop.example.com/a-private-place')}`);
    await look(); // the request is under way
    const address = begun.headers.get('location') ?? '';
    const path = await browser.travel(address);
    const back = await browser.comeBack(path);
    await look(); // the ticket is given out
    const ticket = new URL(back.headers.get('location') ?? '').hash.replace('#ticket=', '');
    const { body } = await w.post('/v1/auth/social/sign-in', { ticket });
    await browser.comeBack(path);
    await browserOf(w, 'nobody').signIn(provider);
    await look();
    await w.step();
    await look();

    const text = [...found, ...logged].join('\n').toLowerCase();
    expect(body.accessToken).toBeTypeOf('string');
    expect(text).toContain('getauthsocialbyprovidercallback'); // the logs were looked at
    expect(found[0]).toContain(provider); // and the request
    const query = [...new URL(address).searchParams].filter(([name]) => ['state', 'nonce', 'code_challenge'].includes(name));
    const { code } = Object.fromEntries(new URLSearchParams(path.split('?')[1]));
    const cookie = /=([^;]+)/.exec(begun.headers.get('set-cookie') ?? '')?.[1];
    const hidden = [
      'subject-of-jane',
      ...Object.values(jane),
      ...query.map(([, value]) => value),
      code,
      cookie,
      cookie?.split('.')[0],
      'a-private-place',
      ticket,
      body.accessToken,
      body.refreshToken,
      CLIENT.clientSecret,
    ];
    for (const word of hidden) {
      expect(word).toBeTypeOf('string');
      expect(word?.length).toBeGreaterThan(10);
      expect(text.includes(String(word).toLowerCase()), word).toBe(false);
    }
  },
);
