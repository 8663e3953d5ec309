import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { PASSWORD, type Person, usd } from '../test/people.ts';
import {
  type App,
  arrives,
  embeddedServer,
  isRunning,
  openRoom,
  SECRET_KEYS,
  type Server,
  startApp,
  startServer,
  stopLeftDatabase,
} from '../test/real-server.ts';

const room = openRoom('server');
const data = join(room.path, 'data');
const apps: App[] = [];
const name = `souk_apps_${process.pid}`;
const databaseUrl = (): string => Object.assign(new URL(inject('serverUrl')), { pathname: `/${name}` }).href;

beforeAll(() => onServer(`create database ${name} template souk_template`));

afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.child.kill('SIGKILL');
    await app.ended();
  }
});

afterAll(async () => {
  await onServer(`drop database if exists ${name} with (force)`);
  room.clear();
});

test('a server ends although nobody reads its log any more', async () => {
  const server = await startServer(room.path, { DATABASE_URL: databaseUrl(), LOG_LEVEL: 'info' });
  apps.push(server);
  server.child.stdout!.destroy();
  await server.call('/v1/products');
  expect(await server.stop()).toEqual({ code: 0, signal: null });
});

/** One server, from its start with an empty folder to its end; what it is asked stands in this order. */
describe('a server with a database of its own', () => {
  const email = 'leila.benali@example.com';
  const fullName = 'Leila Trabelsi-Haddad';
  const street = '12 Rue de Carthage';
  const secrets: string[] = [email, fullName, street, PASSWORD, 'wrong horse battery', '4242424242424242'];
  let server: Server;
  let leila: Person;

  beforeAll(async () => {
    server = await startServer(room.path, { SOUK_DATA: data, DEMO: 'on', LOG_LEVEL: 'debug' });
  });

  afterAll(async () => {
    await server?.kill();
    await stopLeftDatabase(data);
  });

  test('says where things are', () => {
    const home = server.url.replace('127.0.0.1', 'localhost');

    for (const line of [`API        ${home}/v1/products`, `${home}/docs`, `${home}/openapi.json`, `${home}/health`, `${home}/metrics`])
      expect(server.stderr()).toContain(line);
    expect(server.stderr()).toContain(`Database   embedded PostgreSQL in ${data}`);
    expect(server.stderr()).toContain(`Mail       ${home}/dev/outbox`);
  });

  test.each([
    ['/livez', '"status":"ok"'],
    ['/readyz', '"status":"ok"'],
    ['/health', '"database":"ok"'],
    ['/metrics', '# TYPE '],
    ['/docs', '<html'],
    ['/openapi.json', '"openapi":"3.1'],
    ['/v1/products', '"items":[{'],
    ['/products', '"items":[{'],
  ])('answers at %s', async (path, holds) => {
    const { status, body } = await server.call(path);

    expect(status).toBe(200);
    expect(typeof body === 'string' ? body : JSON.stringify(body)).toContain(holds);
  });

  test('serves a life: sign-up, code, sign-in, charge, purchase, and mistakes on the way', async () => {
    const post = (path: string, body: object, headers: Record<string, string> = {}) =>
      server.call(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
    expect((await post('/v1/auth/sign-up', { email, fullName, password: PASSWORD, username: 'leila' })).status).toBe(201);
    expect((await post('/v1/auth/sign-up', { email, fullName, password: PASSWORD, adress: street })).status).toBe(422);
    const mail = async () => (await server.call(`/dev/outbox?to=${email}`)).body.items[0]?.text as string | undefined;
    await expect.poll(mail, { timeout: 5000 }).toBeDefined();
    const code = (await mail())!.match(/\d{6}/)![0];
    expect((await post('/v1/auth/confirm-sign-up', { email, code: code === '000000' ? '111111' : '000000' })).status).toBe(403);
    expect((await post('/v1/auth/confirm-sign-up', { email, code })).status).toBe(200);
    expect((await post('/v1/auth/sign-in', { email, password: 'wrong horse battery' })).status).toBe(401);
    const { body: tokens } = await post('/v1/auth/sign-in', { email, password: PASSWORD });
    const basic = Buffer.from(`leila:${PASSWORD}`).toString('base64');
    const again = await post('/v1/auth/token', {}, { authorization: `Basic ${basic}` });
    expect(again.status).toBe(200);
    secrets.push(code, basic, tokens.accessToken, tokens.idToken, tokens.refreshToken, again.body.accessToken, again.body.refreshToken);

    leila = await arrives(server.call, 'leila');
    secrets.push(leila.token);
    const { id } = (await server.call('/v1/products?q=lamp')).body.items[0];
    const order = { items: [{ productId: id, quantity: 1 }], shippingAddress: { name: fullName, street, city: 'Tunis', country: 'TN' } };
    expect(await leila.post('/v1/orders', order)).toBeProblem(409, 'wallet/insufficient-funds');
    expect((await leila.charge(usd(100_00))).status).toBe(201);
    expect((await leila.post('/v1/orders', order)).status).toBe(201);
    expect((await leila.get('/v1/ledger/proof')).status).toBe(403);
    expect((await server.call('/v1/auth/sign-in', { method: 'POST', body: `{"email":"${email}"` })).status).toBeGreaterThanOrEqual(400);
  });

  test('callers who pipeline and read nothing take little memory, and others are answered beside them', async () => {
    const asset = '/openapi.json'; // the largest of the documents
    const resident = async () => Number(/^\w*process_resident_memory_bytes (\S+)/m.exec((await server.call('/metrics')).body)![1]);
    const before = await resident();
    const sockets = await Promise.all(Array.from({ length: 60 }, () => socketTo(server.url)));
    for (const socket of sockets) socket.pause().write(`GET ${asset} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(20));

    const slowest = { ms: 0 };
    for (let call = 0; call < 20; call++) {
      const began = performance.now();
      expect((await server.call('/v1/products')).status).toBe(200);
      slowest.ms = Math.max(slowest.ms, performance.now() - began);
    }
    expect(slowest.ms).toBeLessThan(5000);
    expect((await resident()) - before).toBeLessThan(150e6);

    const [patient] = sockets;
    let bytes = 0;
    patient!.on('data', (chunk) => {
      bytes += chunk.length;
    });
    patient!.resume();
    const whole = (await (await fetch(server.url + asset, { headers: { 'accept-encoding': 'identity' } })).arrayBuffer()).byteLength;
    await expect.poll(() => bytes, { timeout: 10_000 }).toBeGreaterThan(20 * whole);
    for (const socket of sockets) socket.destroy();
  });

  test('a call that fails in the database is a 500 without its reasons', async () => {
    const client = new pg.Client(embeddedServer(data).url);
    await client.connect();
    await client.query("alter table identity.accounts add constraint nobody check (username <> 'unlucky') not valid");
    const reply = await arrives(server.call, 'unlucky').catch((error: Error) => error.message);
    await client.query('alter table identity.accounts drop constraint nobody');
    await client.end();

    expect(reply).toContain('internal-error');
    expect(reply).not.toContain('nobody');
  });

  test('the command line works beside it: an operator verifies the ledger and makes an admin', async () => {
    const verify = startApp(room.path, { SOUK_DATA: data, SECRET_KEYS }, 'cli.ts', 'ledger', 'verify');
    expect(await verify.ended()).toEqual({ code: 0, signal: null });
    expect(verify.stdout().match(/^ok /gm)).toHaveLength(6);

    const grant = startApp(room.path, { SOUK_DATA: data, SECRET_KEYS }, 'cli.ts', 'grant', 'leila', 'admin');
    expect(await grant.ended()).toEqual({ code: 0, signal: null });

    leila = await arrives(server.call, 'leila');
    secrets.push(leila.token);
    expect((await leila.get('/v1/ledger/proof')).body).toMatchObject({ ok: true });
  });

  test('SIGTERM lets the call in flight end, refuses new ones, and leaves no process', async () => {
    const { pid, url } = embeddedServer(data);
    const client = new pg.Client(url);
    await client.connect();
    await client.query('begin; lock table wallet.charges in exclusive mode');
    const charge = leila.charge(usd(1_00));
    await sleep(300);

    const stopped = server.stop();
    await sleep(300);
    await expect(fetch(`${server.url}/livez`)).rejects.toThrow();
    await client.query('commit');
    await client.end();

    expect((await charge).status).toBe(201);
    expect(await stopped).toEqual({ code: 0, signal: null });
    expect(isRunning(pid, data)).toBe(false);
    expect(server.stderr()).toMatch(/Stopping: finishing what is under way …\nStopped\.\n$/);
  });

  test.each([
    [
      'other keys',
      { SECRET_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}` },
      /^Souk: This database was made with another key test/,
    ],
    ['no keys', { SECRET_KEYS: '' }, /^Souk: The keys of this database are missing: .*keys is not there\. Bring that file back/],
  ])('a start with %s is refused, by the server and by the command line, and no keys are made', async (_, env, sentence) => {
    for (const command of [['server.ts'], ['cli.ts', 'migrate']]) {
      const app = startApp(room.path, { SOUK_DATA: data, PORT: '0', ...env }, ...command);
      apps.push(app);
      expect(await app.ended()).toEqual({ code: 1, signal: null });
      expect(app.stderr().trim().split('\n').at(-1)).toMatch(sentence);
      expect(existsSync(join(data, 'keys'))).toBe(false);
    }
  });

  test('its log, down to debug, holds nothing that people typed or were given', () => {
    const lines = server.stdout().split('\n');

    expect(lines.filter((line) => line.includes('"call"')).length).toBeGreaterThan(15);
    expect(lines.filter((line) => line.includes('"a call failed"'))).not.toEqual([]);
    for (const secret of secrets) expect(lines.filter((line) => line.includes(secret))).toEqual([]);
    expect(lines.filter((line) => /argon2|Bearer |eyJ|\bAmina\b/.test(line))).toEqual([]);
  });
});

describe('souk ledger verify on a database of somebody else', () => {
  beforeAll(async () => {
    const server = await startServer(room.path, { DATABASE_URL: databaseUrl() });
    const bob = await arrives(server.call, 'bob-who-pays');
    await bob.charge(usd(10_00));
    await server.stop();
  });

  test('ends with 0 while the books are right, and with 1 once somebody has gone behind their back', async () => {
    const before = startApp(room.path, { DATABASE_URL: databaseUrl(), SECRET_KEYS }, 'cli.ts', 'ledger', 'verify');
    expect(await before.ended()).toEqual({ code: 0, signal: null });
    expect(before.stdout()).not.toContain('BREACH');
    const full = startApp(room.path, { DATABASE_URL: databaseUrl(), SECRET_KEYS }, 'cli.ts', 'ledger', 'verify', '--full');
    expect(await full.ended()).toEqual({ code: 0, signal: null });
    expect(full.stderr()).toMatch(/^[\d,]+ of [\d,]+ rows \(100 %\)$/m);

    await onServer(
      "set session_replication_role = replica; update wallet.accounts set balance = balance + 1 where purpose = 'available'",
      databaseUrl(),
    );

    const after = startApp(room.path, { DATABASE_URL: databaseUrl(), SECRET_KEYS }, 'cli.ts', 'ledger', 'verify');
    expect(await after.ended()).toEqual({ code: 1, signal: null });
    expect(after.stdout()).toContain('BREACH');
    expect(after.stderr()).toBe('');
  });
});

async function socketTo(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function onServer(statement: string, url: string = inject('serverUrl')): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(statement);
  await client.end();
}
