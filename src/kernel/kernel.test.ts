import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSoukSettings } from '../souk.ts';
import { networkOf, subnetOf } from './addresses.ts';
import { cursorAfter, readCursor } from './cursors.ts';
import { once } from './idempotency.ts';
import { derivedId, isId, newId } from './ids.ts';
import { exponentOf, formatMoney, split } from './money.ts';
import { Problem } from './problems.ts';
import { attachment } from './replies.ts';
import { replayed } from './routes.ts';
import { secretsFrom } from './secrets.ts';
import { BadSettings } from './settings-part.ts';

const secrets = secretsFrom([{ id: 'k1', secret: Buffer.alloc(32, 1) }]);

describe('money', () => {
  test('is split so that the parts add up to the whole, and no part is off by a unit or more', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.array(fc.nat(10 ** 9), { minLength: 1, maxLength: 20 }), (whole, weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        fc.pre(total > 0);
        const parts = split(whole, weights);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(whole);
        parts.forEach((part, index) => {
          expect(Math.abs(part - (whole * weights[index]!) / total)).toBeLessThan(1.001);
        });
      }),
    );
    expect(split(100, [1, 1, 1])).toEqual([34, 33, 33]);
    expect(() => split(1, [])).toThrow(RangeError);
    expect(() => split(1, [1, -1])).toThrow(RangeError);
  });

  test('is written with the decimals of its currency', () => {
    expect(exponentOf('TND')).toBe(3);
    expect(formatMoney({ amount: 12_500, currency: 'TND' })).toBe('12.500 TND');
    expect(formatMoney({ amount: 5, currency: 'USD' })).toBe('0.05 USD');
    expect(formatMoney({ amount: 700, currency: 'JPY' })).toBe('700 JPY');
  });
});

describe('a key', () => {
  const key = { principal: 'sue', value: 'k', bodyHash: 'h' };
  const refusal = new Problem('no-more', 409, 'No more', 'There are none left.');
  const refuse = () => Promise.reject(refusal);

  test('that had its effect is answered from its row, also where the call would be refused today', async () => {
    const again = await once(key, { make: refuse, find: async () => 'row', answer: (row: string) => `${row} again` });
    expect(again).toEqual(replayed('row again'));
  });

  test('that had none is refused', async () => {
    await expect(once(key, { make: refuse, find: async () => undefined, answer: String })).rejects.toBe(refusal);
    await expect(once(undefined, { make: refuse, find: async () => 'row', answer: String })).rejects.toBe(refusal);
  });
});

describe('cursors', () => {
  test('lead back to where they were made, for the same list only', () => {
    const cursor = cursorAfter(secrets, 'list', ['Lamp', 7, null]);
    expect(readCursor(secrets, 'list', cursor)).toEqual(['Lamp', 7, null]);
    expect(() => readCursor(secrets, 'other list', cursor)).toThrow(/not one of this list/);
    expect(readCursor(secrets, 'list', undefined)).toBeUndefined();
  });

  test('that were changed anywhere are refused', () => {
    const cursor = cursorAfter(secrets, 'list', ['Lamp', 7]);
    for (let i = 0; i < cursor.length; i++) {
      const changed = cursor.slice(0, i) + (cursor[i] === 'A' ? 'B' : 'A') + cursor.slice(i + 1);
      if (
        Buffer.from(changed.split('.')[1] ?? '', 'base64url').equals(Buffer.from(cursor.split('.')[1]!, 'base64url')) &&
        changed.split('.')[0] === cursor.split('.')[0]
      )
        continue;
      expect(() => readCursor(secrets, 'list', changed)).toThrow();
    }
    for (const junk of ['', '.', 'a', 'a.b', '💥', '..']) expect(() => readCursor(secrets, 'list', junk)).toThrow();
  });
});

describe('secrets', () => {
  test('seal and open, at their own place only', () => {
    const sealed = secrets.seal('Rue de Marseille', 'orders.address:1');
    expect(sealed).not.toContain('Marseille');
    expect(secrets.unseal(sealed, 'orders.address:1')).toBe('Rue de Marseille');
    expect(() => secrets.unseal(sealed, 'orders.address:2')).toThrow();
    expect(() => secrets.unseal(`${sealed.slice(0, -2)}xx`, 'orders.address:1')).toThrow();
  });

  test('rotate: an old key still opens, a new one seals, indexes stay', () => {
    const rotated = secretsFrom([
      { id: 'k2', secret: Buffer.alloc(32, 2) },
      { id: 'k1', secret: Buffer.alloc(32, 1) },
    ]);
    expect(rotated.unseal(secrets.seal('x', 'a'), 'a')).toBe('x');
    expect(rotated.seal('x', 'a').startsWith('k2.')).toBe(true);
    expect(rotated.blindIndex('a@b.c', 'email')).toBe(secrets.blindIndex('a@b.c', 'email'));
    expect(() => secrets.unseal(rotated.seal('x', 'a'), 'a')).toThrow(/k2/);
  });
});

test('ids sort by time, and derived ones follow from their parts', () => {
  const ids = Array.from({ length: 100 }, () => newId());
  expect([...ids].sort()).toEqual(ids);
  expect(derivedId('a', 'bc')).toBe(derivedId('a', 'bc'));
  expect(derivedId('a', 'bc')).not.toBe(derivedId('ab', 'c'));
  expect(isId(derivedId('a'))).toBe(true);
});

test('an address is stored as its network', () => {
  expect(networkOf('203.0.113.77')).toBe('203.0.113.0/24');
  expect(networkOf('::ffff:203.0.113.77')).toBe('203.0.113.0/24');
  expect(networkOf('2001:db8:1:2::3')).toBe('2001:db8:1::/48');
  expect(networkOf('2001:db8::1')).toBe('2001:db8:0::/48');
  expect(networkOf('::1')).toBe('0:0:0::/48');
  expect(networkOf('local')).toBeNull();
});

test('an address of IPv6 is counted as its /64, one of IPv4 by itself', () => {
  expect(subnetOf('203.0.113.77')).toBe('203.0.113.77');
  expect(subnetOf('::ffff:203.0.113.77')).toBe('203.0.113.77');
  expect(subnetOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(subnetOf('2001:db8:1:2::6')).toBe('2001:db8:1:2::/64');
  expect(subnetOf('2001:db8::6')).toBe('2001:db8:0:0::/64');
  expect(subnetOf('local')).toBe('local');
});

describe('settings', () => {
  const key = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
  test.each<[Record<string, string>, RegExp]>([
    ...['many', '0x50', '1e3', '80 80', '-'].map((PORT) => [{ PORT }, /^PORT: must be a number$/] as [Record<string, string>, RegExp]),
    [{ PORT: '-1' }, /^PORT: must be at least 0$/],
    [{ PORT: '70000' }, /^PORT: must be at most 65535$/],
    [{ PORT: '80.5' }, /^PORT: must be a whole number$/],
    [
      { PORT: 'abc', LOG_LEVEL: 'loud' },
      /^LOG_LEVEL: must be debug or info or warn or error or silent; PORT: must be a number$|^PORT: must be a number; LOG_LEVEL:/,
    ],
    [{ COMMISSION_PERCENT: '5%' }, /^COMMISSION_PERCENT: must be a number$/],
    [{ DATABASE_CONNECTIONS: '-3' }, /^DATABASE_CONNECTIONS: must be at least 2$/],
    [{ NODE_ENV: 'prod' }, /^NODE_ENV: must be development or test or production$/],
    [{ PUBLIC_URL: 'foo' }, /^PUBLIC_URL: must be an address such as https/],
    ...['ftp://souk.example', 'https://souk.example/api', 'https://souk.example?a=b', 'https://a:b@souk.example'].map(
      (PUBLIC_URL) => [{ PUBLIC_URL }, /^PUBLIC_URL: .* is not an origin; write it like https/] as [Record<string, string>, RegExp],
    ),
    [{ NODE_ENV: 'production', SECRET_KEYS: key }, /^PUBLIC_URL: production needs it/],
    ...['foo', '*', 'https://shop.example/cart', 'https://shop.example, null'].map(
      (CORS_ORIGINS) =>
        [{ SECRET_KEYS: key, CORS_ORIGINS }, /^CORS_ORIGINS: (foo|\*|https.*cart|null) is not an origin; write it like https/] as [
          Record<string, string>,
          RegExp,
        ],
    ),
    [{ SECRET_KEYS: 'k1' }, /^SECRET_KEYS: must be name:base64/],
    [{ SECRET_KEYS: `${key},` }, /^SECRET_KEYS: must be name:base64/],
    [{ SECRET_KEYS: `${key}:more` }, /^SECRET_KEYS: must be name:base64/],
    [{ SECRET_KEYS: `k1:${'!'.repeat(60)}` }, /^SECRET_KEYS: key number 1 is not base64/],
    [{ SECRET_KEYS: `${key},${key}` }, /^SECRET_KEYS: two keys are called k1/],
    [{ DATABASE_URL: 'mysql://x' }, /DATABASE_URL/],
    [{ SECRET_KEYS: 'k1:c2hvcnQ=' }, /less than 32 bytes/],
    [{ NODE_ENV: 'production' }, /SECRET_KEYS/],
    [{ NODE_ENV: 'production', SECRET_KEYS: key, DEMO: 'on' }, /DEMO/],
    [{ NODE_ENV: 'production', SECRET_KEYS: key, RATE_LIMITS: 'off' }, /RATE_LIMITS/],
    [{ SECRET_KEYS: key, PASSWORD_MEMORY_KIB: '19455' }, /^PASSWORD_MEMORY_KIB: 19456 outside tests/],
    [{ NODE_ENV: 'production', SECRET_KEYS: key, SANDBOX_CLOCK_SHIFT_SECONDS: '1' }, /SANDBOX_CLOCK_SHIFT_SECONDS/],
    [{ INTERNAL_SECRET: 'short' }, /INTERNAL_SECRET/],
    [{ INTERNAL_SECRET: 'x'.repeat(31) }, /INTERNAL_SECRET: must have at least 32/],
    [{ SECRET_KEYS: key, GOOGLE_CLIENT_ID: 'x' }, /GOOGLE_CLIENT_SECRET/],
    [{ SECRET_KEYS: key, FACEBOOK_CLIENT_SECRET: 'x' }, /FACEBOOK_CLIENT_ID/],
    [{ GOOGLE_ISSUER_URL: 'accounts.google.com' }, /GOOGLE_ISSUER_URL/],
    [{ NODE_ENV: 'production', SECRET_KEYS: key, FACEBOOK_GRAPH_URL: 'http://localhost:1' }, /FACEBOOK_GRAPH_URL: production/],
    [{ SECRET_KEYS: key, SOCIAL_RETURN_ORIGINS: 'https://shop.example.com/cart' }, /SOCIAL_RETURN_ORIGINS/],
    [{ SECRET_KEYS: key, SOCIAL_RETURN_ORIGINS: '*' }, /SOCIAL_RETURN_ORIGINS/],
    [{ SMTP_URL: 'smtp://mail.example.com' }, /MAIL_FROM/],
    [{ MAIL_FROM: 'souk@example.com' }, /SMTP_URL/],
    [{ SMTP_URL: 'http://mail.example.com', MAIL_FROM: 'souk@example.com' }, /SMTP_URL/],
    [{ SMTP_URL: 'smtp://mail.example.com', MAIL_FROM: 'Souk' }, /MAIL_FROM/],
    [{ SECRET_KEYS: key, MEDIA_URL: 'https:///a:b@x.example' }, /MEDIA_URL: must hold no name and no password/],
    ...['MEDIA_URL', 'WAREHOUSE_URL', 'CARRIER_URL', 'COMPAT_WAREHOUSE_URL', 'COMPAT_DELIVERY_URL'].map(
      (name) =>
        [{ SECRET_KEYS: key, [name]: 'https://a:b@x.example' }, new RegExp(`${name}: must hold no name and no password`)] as [
          Record<string, string>,
          RegExp,
        ],
    ),
  ])('%j are refused by name', (env, message) => {
    expect(() => readSoukSettings(env)).toThrow(BadSettings);
    expect(() => readSoukSettings(env)).toThrow(message);
  });

  test('have safe defaults: this machine only, limits on, demo data outside production', () => {
    expect(readSoukSettings({ SECRET_KEYS: key })).toMatchObject({ host: '127.0.0.1', rateLimits: true, demo: true, mode: 'development' });
    const mail = (SMTP_URL: string) => readSoukSettings({ SECRET_KEYS: key, SMTP_URL, MAIL_FROM: 'Souk <souk@example.com>' }).parts.email;
    expect(mail('smtp://localhost:25')).toMatchObject({ from: 'Souk <souk@example.com>', allowsPlain: true });
    expect(mail('smtp://mail.example.com')).toMatchObject({ allowsPlain: false });
    expect(readSoukSettings({ SECRET_KEYS: key, NODE_ENV: 'production', PUBLIC_URL: 'https://Souk.example/' })).toMatchObject({
      host: '0.0.0.0',
      demo: false,
      publicUrl: 'https://souk.example',
    });
    expect(readSoukSettings({ SECRET_KEYS: key, PORT: ' ' }).port).toBe(3000);
    expect(readSoukSettings({ SECRET_KEYS: key, WALLET_SERVICE_URL: 'http://wallet:5000/' }).serviceUrls).toEqual({
      wallet: 'http://wallet:5000',
    });
  });

  test('that nobody gave sign in with no provider; a pair does, at its own address', () => {
    expect(readSoukSettings({ SECRET_KEYS: key })).toMatchObject({
      parts: { identityProviders: { google: undefined, facebook: undefined }, social: { returnOrigins: [] } },
    });
    const google = { GOOGLE_CLIENT_ID: 'souk', GOOGLE_CLIENT_SECRET: 'secret' };
    expect(
      readSoukSettings({ SECRET_KEYS: key, ...google, SOCIAL_RETURN_ORIGINS: 'https://a.example.com/, http://localhost:5173' }),
    ).toMatchObject({
      parts: {
        identityProviders: { google: { clientId: 'souk', clientSecret: 'secret', issuerUrl: 'https://accounts.google.com' } },
        social: { returnOrigins: ['https://a.example.com', 'http://localhost:5173'] },
      },
    });
  });
});

describe('the name under which a reply is saved', () => {
  test.each([
    ['bob.json', 'attachment; filename="bob.json"'],
    ['Zoé.json', `attachment; filename="Zo_.json"; filename*=UTF-8''Zo%C3%A9.json`],
    ['a"b\\c;.json', `attachment; filename="a_b_c_.json"; filename*=UTF-8''a%22b%5Cc%3B.json`],
    ["it's (1)*.json", `attachment; filename="it_s _1__.json"; filename*=UTF-8''it%27s%20%281%29%2a.json`],
    ['a\r\nset-cookie: x', `attachment; filename="a__set-cookie_ x"; filename*=UTF-8''a%0D%0Aset-cookie%3A%20x`],
  ])('%j', (name, header) => {
    expect(attachment(name)).toBe(header);
  });

  test('is whole in all scripts, and never breaks out of its header', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff)), (letters) => {
        const name = String.fromCharCode(...letters);
        const header = new Headers({ 'content-disposition': attachment(name) }).get('content-disposition') ?? '';
        const [, plain = '', encoded] =
          /^attachment; filename="([\w. -]*)"(?:; filename\*=UTF-8''([A-Za-z0-9%._~!-]*))?$/.exec(header) ?? [];
        expect(encoded === undefined ? plain : decodeURIComponent(encoded)).toBe(name.toWellFormed());
      }),
    );
  });
});
