import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type App, freePort, openRoom, SECRET_KEYS, startApp } from '../test/real-server.ts';
import { type World, world } from '../test/world.ts';

const room = openRoom('refused');
const apps: App[] = [];
let w: World;

beforeAll(async () => {
  w = await world();
});

afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.child.kill('SIGKILL');
    await app.ended();
  }
});

afterAll(() => room.clear());

describe('a server that cannot start says why in one sentence and ends with 1:', () => {
  const taken = createServer();
  let takenPort: number;

  beforeAll(async () => {
    takenPort = await freePort();
    taken.listen(takenPort, '127.0.0.1');
    await once(taken, 'listening');
  });

  afterAll(() => taken.close());

  test.each<[string, () => Record<string, string>, () => string | RegExp]>([
    [
      'the port is taken',
      () => ({ PORT: String(takenPort) }),
      () => `Port ${takenPort} is taken by another program: stop it, or choose another port with PORT=… npm start`,
    ],
    ['a setting is no number', () => ({ PORT: 'eighty' }), () => /^a setting is wrong\. PORT: .*number.*$/],
    [
      'two settings are wrong',
      () => ({ DEMO: 'yes', INTERNAL_SECRET: 'short' }),
      () => /^a setting is wrong\. INTERNAL_SECRET: must have at least 32 characters; DEMO: .*"on"\|"off"$/,
    ],
    ['the keys are no keys', () => ({ SECRET_KEYS: 'hunter2' }), () => /^a setting is wrong\. SECRET_KEYS: (?!.*hunter2).*$/],
    [
      'the database cannot be reached',
      () => ({ DATABASE_URL: 'postgres://souk:hunter2@127.0.0.1:1/shop' }),
      () => 'The database shop at 127.0.0.1:1 could not be reached: nothing listens there.',
    ],
    [
      'a module is unknown',
      () => ({ DATABASE_URL: w.databaseUrl, MODULES: 'wallet,magic' }),
      () => /^MODULES names magic; there are: identity, social, partners, .*\.$/,
    ],
    [
      'a module is needed that lives nowhere',
      () => ({ DATABASE_URL: w.databaseUrl, MODULES: 'wallet' }),
      () => 'wallet needs identity, which does not live here: say where with IDENTITY_SERVICE_URL.',
    ],
    [
      'production has no keys',
      () => ({ NODE_ENV: 'production', RATE_LIMITS: 'on', SECRET_KEYS: '' }),
      () => /^a setting is wrong\. SECRET_KEYS: production needs supplied keys; .*$/,
    ],
    [
      'production has demo accounts',
      () => ({ NODE_ENV: 'production', RATE_LIMITS: 'on', DEMO: 'on' }),
      () => 'a setting is wrong. DEMO: production refuses demo accounts, whose passwords everybody knows',
    ],
  ])('%s', async (_, env, sentence) => {
    const app = startApp(room.path, { SOUK_DATA: join(room.path, 'refused'), SECRET_KEYS, PORT: '0', ...env() });
    apps.push(app);

    expect(await app.ended()).toEqual({ code: 1, signal: null });
    const lines: string[] = app.stderr().trim().split('\n');
    const expected = sentence();
    expect(lines.at(-1)).toMatch(/^Souk: /);
    if (typeof expected === 'string') expect(lines.at(-1)).toBe(`Souk: ${expected}`);
    else expect(lines.at(-1)?.slice('Souk: '.length)).toMatch(expected);
    expect(lines.slice(0, -1).filter((line) => !line.endsWith('…'))).toEqual([]);
  });
});
