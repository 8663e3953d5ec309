import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { testSettings } from '../../test/settings.ts';
import { world } from '../../test/world.ts';
import { modules } from '../modules/index.ts';
import { readSoukSettings } from '../souk.ts';
import { refuseUnready } from './answer-call.ts';
import { contract } from './contracts.ts';
import { sql } from './database.ts';
import { modulesHere } from './fitting.ts';
import { type Module, module } from './module.ts';
import { get, permitted, type Route } from './routes.ts';
import { systemScope } from './runtime.ts';
import { settings } from './settings-part.ts';

type Parts = Omit<Parameters<typeof module>[0], 'contract' | 'needs' | 'operations'>;
const made = (name: string, parts: Partial<Parts> = {}): Module =>
  module({ contract: contract(name, { operations: {} }), needs: {}, routes: [], operations: {}, ...parts });

describe('a module', () => {
  test.each(['kernel', 'public', 'Hats', 'my-hats', 'hats; drop'])('is not called %s: its schema is named like it', (name) => {
    expect(() => modulesHere([...modules, made(name)], testSettings())).toThrow(/may not be called/);
  });

  test('that is named like the schema of the queue cannot touch the database', async () => {
    const w = await world({ modules: [...modules, made('pgboss')] });
    await expect(w.souk.runtime.context('pgboss', systemScope).db.many(sql`select 1 from pgboss.job`)).rejects.toThrow(
      /may not be called pgboss/,
    );
  });

  test('sees its own settings in its context, and neither keys, nor the address of the database, nor the settings of others', async () => {
    const hats = made('hats', {
      settings: settings({ HATS_SIZE: z.coerce.number().default(56) }, (given) => given), // all that it is given
    });
    const w = await world({ modules: [...modules, hats], env: { HATS_SIZE: '58', INTERNAL_SECRET: 'x'.repeat(40) } });
    const seen = (name: string) => w.souk.runtime.context(name, systemScope);
    expect(seen('hats').settings).toEqual({ HATS_SIZE: 58 });
    expect(seen('social').settings).toEqual({ publicUrl: 'http://localhost:3000', returnOrigins: [] });
    const { keys } = testSettings();
    for (const { name } of w.souk.runtime.modules) {
      const text = everythingIn(seen(name));
      expect(text).toContain('settings');
      for (const secret of [keys.all()[0]!.secret.toString('base64'), w.databaseUrl, 'x'.repeat(40)]) expect(text).not.toContain(secret);
    }
  });

  test('seals and signs under its own name only', async () => {
    const w = await world();
    const { secrets } = w.souk.runtime.context('reviews', systemScope);
    expect(secrets.unseal(secrets.seal('hello', 'reviews.note:1'), 'reviews.note:1')).toBe('hello');
    expect(() => secrets.unseal('k1.a.b.c', 'identity.accounts.email:1')).toThrow(
      'reviews may not use secrets for identity.accounts.email:1',
    );
    expect(() => secrets.derive('identity.password')).toThrow(/may not/);
    expect(() => secrets.fingerprint('x', 'reviewsx')).toThrow(/may not/);
  });

  test.each([
    [
      'a permission that another has',
      { permissions: { 'orders:read': { does: 'reads orders', roles: [] } } },
      /hats declares the permission orders:read/,
    ],
    ['a limit that another has', { limits: { codes: { points: 1, seconds: 1 } } }, /hats declares the limit codes/],
    ['a role that does not exist', { permissions: { 'hats:wear': { does: 'wears hats', roles: ['emperor'] } } }, /hats:wear.*emperor/],
  ])('that declares %s ends the start', async (_, parts, message) => {
    await expect(world({ modules: [...modules, made('hats', parts)] })).rejects.toThrow(message);
  });

  test.each(['COMMISSION_PERCENT', 'PORT', 'HATS_SERVICE_URL'])(
    'that declares the setting %s, which another has, ends the start',
    (name) => {
      const hats = made('hats', { settings: settings({ [name]: z.string() }, () => ({})) });
      expect(() => readSoukSettings({}, [...modules, hats])).toThrow(`hats declares the setting ${name}`);
    },
  );

  test.each<[string, Partial<Route['spec']>, Route['method']]>([
    ['that changes something', {}, 'POST'],
    ['that not everybody may ask', { access: { kind: 'signed-in' } }, 'GET'],
    ['with a limit of its own', { limit: 'codes' }, 'GET'],
  ])('may have no ready-made reply to a call %s', (_, spec, method) => {
    const route = (more: Partial<Route['spec']>, by: Route['method']) =>
      ({ method: by, path: '/hats', spec: { access: { kind: 'anyone' }, ready: () => [], ...more } }) as Route;
    expect(() => refuseUnready(route(spec, method))).toThrow(`${method} /hats cannot be ready-made`);
    expect(() => refuseUnready(route({}, 'GET'))).not.toThrow();
  });

  test('whose route asks for a permission, or names a limit, that nobody declares ends the start', async () => {
    const route = { summary: 'Hats', returns: z.object({}), problems: [], handle: async () => ({}) };
    const asking = made('hats', { routes: [get('/hats', { ...route, access: permitted('hats:see') })] });
    await expect(world({ modules: [...modules, asking] })).rejects.toThrow(
      'GET /hats of hats asks for hats:see, which no module declares.',
    );
    const limited = made('hats', { routes: [get('/hats', { ...route, access: { kind: 'anyone' }, limit: 'hats' })] });
    await expect(world({ modules: [...modules, limited] })).rejects.toThrow(
      'GET /hats of hats names the limit hats, which no module declares.',
    );
  });
});

describe('the modules of a process', () => {
  const [identity] = modules;
  const needing = made('hats', {});
  const settingsOf = (more: { modules?: readonly string[]; serviceUrls?: Record<string, string> }) =>
    ({ modules: undefined, serviceUrls: {}, ...more }) as never;

  test('are all, or those that MODULES names', () => {
    expect([...modulesHere([identity!, needing], settingsOf({}))]).toEqual([identity!.name, 'hats']);
    expect([...modulesHere([identity!, needing], settingsOf({ modules: ['hats'] }))]).toEqual(['hats']);
  });

  test('are refused when a name is none, or a module stands before one that it needs', () => {
    expect(() => modulesHere([needing], settingsOf({ modules: ['caps'] }))).toThrow('MODULES names caps; there are: hats.');
    const partners = modules.find(({ needs }) => Object.hasOwn(needs, identity!.name))!;
    expect(() => modulesHere([partners, identity!], settingsOf({}))).toThrow(
      `${partners.name} needs ${identity!.name}, which does not stand before it`,
    );
  });

  test('know where those are that they need', () => {
    const partners = modules.find(({ needs }) => Object.hasOwn(needs, identity!.name))!;
    const alone = (url?: string) =>
      modulesHere(
        modules,
        settingsOf({
          modules: [partners.name],
          serviceUrls: Object.fromEntries(url === undefined ? [] : modules.map(({ name }) => [name, url])),
        }),
      );
    expect(() => alone()).toThrow(/which does not live here: say where with [A-Z]+_SERVICE_URL/);
    expect(() => alone('localhost:3001')).toThrow(/_SERVICE_URL must be an address/);
    expect([...alone('http://localhost:3001')]).toEqual([partners.name]);
  });
});

/** All that can be reached from a context by its properties, as text. */
function everythingIn(value: unknown, seen = new Set<unknown>(), depth = 0): string {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (typeof value !== 'object' || value === null) return String(value);
  if (seen.has(value) || depth > 6) return '';
  seen.add(value);
  return Object.entries(value)
    .map(([name, inner]) => `${name} ${everythingIn(inner, seen, depth + 1)}`)
    .join('\n');
}
