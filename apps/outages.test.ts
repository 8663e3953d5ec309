import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Person, usd } from '../test/people.ts';
import { arrives, embeddedServer, isRunning, openRoom, type Server, startServer, stopLeftDatabase } from '../test/real-server.ts';

/** One server with its own PostgreSQL, and what may happen to that one. What is tried stands in this order. */

const room = openRoom('outages');
const data = join(room.path, 'data');
const smallBytes = 256 * 1024 * 1024;
const isSmall = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${smallBytes}`, 'tmpfs', disk()]).status === 0;
if (!isSmall) console.info('Not run: a full disk. Only root can make a small one (mount -t tmpfs).');

let server: Server;
let bob: Person;

beforeAll(async () => {
  server = await startServer(room.path, { SOUK_DATA: data });
  bob = await arrives(server.call, 'bob');
});

afterAll(async () => {
  await server?.kill();
  await stopLeftDatabase(data);
  if (isSmall) spawnSync('umount', ['-l', data]);
  room.clear();
});

function disk(): string {
  mkdirSync(data);
  return data;
}

const charge = (key: string) =>
  bob.post(
    '/v1/customers/bob/wallet/charge',
    { ...usd(1_00), gateway: 'simulated', source: '4242424242424242' },
    { 'idempotency-key': key },
  );

/** Charges under ever new keys until the answer is what is waited for. @returns every reply, by its key. */
async function chargesUntil(status: number, name: string): Promise<Map<string, number>> {
  const replies = new Map<string, number>();
  const deadline = Date.now() + 40_000;
  for (let turn = 0; Date.now() < deadline; turn++) {
    const key = `${name}-${turn}`;
    const reply = await charge(key);
    replies.set(key, reply.status);
    if (reply.status === 503) expect(reply.headers.get('retry-after')).toMatch(/^\d+$/);
    if (reply.status === status) return replies;
  }
  throw new Error(`no reply was ${status}: ${JSON.stringify([...replies.values()].slice(-5))}`);
}

/** Every charge has one outcome, whatever its first reply was, and the balance is that of all charges. */
async function everythingCounts(replies: Map<string, number>, before: number): Promise<void> {
  expect([...new Set(replies.values())].filter((status) => status !== 201 && status !== 503)).toEqual([]);
  for (const key of replies.keys()) await expect.poll(async () => (await charge(key)).status, { timeout: 20_000 }).toBe(201);
  expect(await bob.balance()).toEqual(usd(before + replies.size * 1_00));
}

const balance = async () => (await bob.balance()).amount;

test('PostgreSQL is killed: calls are answered 503 with Retry-After, it comes back by itself, and nothing is lost', async () => {
  const before = await balance();
  const { pid } = embeddedServer(data);
  process.kill(pid, 'SIGKILL');

  const down = await chargesUntil(503, 'down');
  const { status, body } = await server.call('/readyz');
  if (status === 503) expect(body.missing).toContainEqual({ part: 'database', seconds: expect.any(Number) });
  expect((await server.call('/livez')).status).toBe(200);
  const up = await chargesUntil(201, 'up');

  await everythingCounts(new Map([...down, ...up]), before);
  expect(embeddedServer(data).pid).not.toBe(pid);
  expect((await server.call('/readyz')).status).toBe(200);
  expect(server.stderr()).toContain(`PostgreSQL (process ${pid}) has ended without being asked; starting it again …\n`);
  expect(server.stderr()).toContain(`PostgreSQL runs again (process ${embeddedServer(data).pid}).\n`);
}, 60_000);

test.runIf(isSmall)(
  'the disk is full: writes are answered 503 with Retry-After, and go on once there is room, each once',
  async () => {
    const before = await balance();
    const filler = join(data, 'filler');
    const { bavail, bsize } = statfsSync(data);
    try {
      writeFileSync(filler, Buffer.alloc(bavail * bsize));
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code !== 'ENOSPC') throw problem; // the server wrote meanwhile: it is full all the same
    }

    const full = await chargesUntil(503, 'full');
    rmSync(filler);
    const room = await chargesUntil(201, 'room');

    await everythingCounts(new Map([...full, ...room]), before);
  },
  90_000,
);

test('PostgreSQL cannot be started again: the server says so and ends with 1, and leaves no process', async () => {
  const { pid } = embeddedServer(data);
  const conf = join(data, 'postgres/data/global/pg_control');
  rmSync(conf);
  process.kill(pid, 'SIGKILL');

  expect(await server.ended()).toEqual({ code: 1, signal: null });

  expect(server.stderr()).toMatch(/Souk: PostgreSQL has ended and cannot be started again\. PostgreSQL did not start: .*\n$/);
  expect(isRunning(pid, data)).toBe(false);
}, 120_000);
