import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../infra/local/free-port.ts';
import { nginxIsHere } from '../infra/local/nginx.ts';
import { type App, openRoom, SECRET_KEYS, startApp } from '../test/real-server.ts';
import { type World, world } from '../test/world.ts';

const NO_DATABASE = 'postgres://souk:hunter2@127.0.0.1:1/shop';
const room = openRoom('refused');
const apps: App[] = [];
let w: World;
let emptyUrl: string;

beforeAll(async () => {
  w = await world();
  const url = new URL(w.databaseUrl);
  await w.sql(`create database ${url.pathname.slice(1)}_empty`);
  emptyUrl = Object.assign(url, { pathname: `${url.pathname}_empty` }).href;
});

afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.child.kill('SIGKILL');
    await app.ended();
  }
});

afterAll(async () => {
  await w.sql(`drop database ${new URL(emptyUrl).pathname.slice(1)} with (force)`);
  room.clear();
});

test.runIf(nginxIsHere)('services do not start where another program has the port of the gateway', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const app = startApp(room.path, { SECRET_KEYS }, 'cli.ts', 'services', '--port', String(port), '--free-ports');
  apps.push(app);
  expect(await app.ended()).toEqual({ code: 1, signal: null });
  expect(app.stderr()).toBe(
    `Souk: Port ${port} is taken by another program: stop it, or choose another port for the gateway with --port\n`,
  );
  other.close();
});

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
      () => /^a setting is wrong\. INTERNAL_SECRET: must have at least 32 characters; DEMO: must be on or off$/,
    ],
    ['the keys are no keys', () => ({ SECRET_KEYS: 'hunter2' }), () => /^a setting is wrong\. SECRET_KEYS: (?!.*hunter2).*$/],
    [
      'the database cannot be reached',
      () => ({ DATABASE_URL: NO_DATABASE }),
      () => 'The database shop at 127.0.0.1:1 could not be reached: nothing listens there.',
    ],
    [
      'a module is unknown, before a database is looked for',
      () => ({ DATABASE_URL: NO_DATABASE, MODULES: 'wallet,magic' }),
      () => /^MODULES names magic; there are: identity, social, partners, .*\.$/,
    ],
    [
      'a module is needed that runs nowhere, before a database is looked for',
      () => ({ DATABASE_URL: NO_DATABASE, MODULES: 'wallet' }),
      () => 'wallet needs identity, which does not live here: say where with IDENTITY_SERVICE_URL.',
    ],
    [
      'a role is unknown, before a database is looked for',
      () => ({ DATABASE_URL: NO_DATABASE, MFA_ROLES: 'admin,finanse' }),
      () => /^a setting is wrong\. MFA_ROLES: there is no role finanse; there are .*$/,
    ],
    [
      'production has no keys',
      () => ({ NODE_ENV: 'production', RATE_LIMITS: 'on', SECRET_KEYS: '' }),
      () => /^a setting is wrong\. SECRET_KEYS: production needs supplied keys; .*$/,
    ],
    [
      'the data folder cannot be made',
      () => ({ SOUK_DATA: '/proc/nowhere' }),
      () => /^The database in \/proc\/nowhere\/postgres cannot be used \(ENOENT.*\): set SOUK_DATA to a folder that can be written/,
    ],
    [
      'the data folder is a file',
      () => ({ SOUK_DATA: import.meta.filename }),
      () => /^The database in .*refused-start\.test\.ts\/postgres cannot be used \(EEXIST.*\): set SOUK_DATA/,
    ],
    [
      'there is no room for keys',
      () => ({ SOUK_DATA: '/proc/nowhere', SECRET_KEYS: '', DATABASE_URL: emptyUrl }),
      () => /^The keys cannot be written to \/proc\/nowhere\/keys \(ENOENT.*\): set SOUK_DATA .*, or give SECRET_KEYS\.$/,
    ],
    [
      'the password of the database is wrong',
      () => ({ DATABASE_URL: Object.assign(new URL(w.databaseUrl), { password: 'hunter2' }).href }),
      () => /^The database souk_\w+ at 127\.0\.0\.1:\d+ refused the password of user souk\.$/,
    ],
    [
      'there is no such database',
      () => ({ DATABASE_URL: Object.assign(new URL(w.databaseUrl), { pathname: '/nowhere' }).href }),
      () => /^The database nowhere at 127\.0\.0\.1:\d+ does not exist on that server\.$/,
    ],
    [
      'the host is not ours',
      () => ({ HOST: 'nowhere.invalid' }),
      () => 'nowhere.invalid is not an address of this machine: set HOST to one that is, for example 127.0.0.1',
    ],
    [
      'another process is given by a name alone',
      () => ({ DATABASE_URL: NO_DATABASE, WALLET_SERVICE_URL: 'wallet' }),
      () => 'WALLET_SERVICE_URL must be an address such as http://localhost:3001, or several with commas.',
    ],
    [
      'production has no name',
      () => ({ NODE_ENV: 'production', RATE_LIMITS: 'on' }),
      () => /^a setting is wrong\. PUBLIC_URL: production needs it;/,
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
