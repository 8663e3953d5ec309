import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noTracing } from '../src/adapters/tracing/none.ts';
import { newId } from '../src/kernel/ids.ts';
import { remoteAsker } from '../src/kernel/remote.ts';
import { systemScope } from '../src/kernel/runtime.ts';
import type { Image, Upload } from '../src/modules/media/contract.ts';
import type { Person } from './people.ts';
import { PDF, pdf } from './private-files.ts';
import { arrives, openRoom, type Server, startServer, stopLeftDatabase } from './real-server.ts';
import { announcing } from './uploading.ts';

/** How many files of 2 MB are sent at once. The gate sends fewer than `UPLOADS=1000`. */
const UPLOADS = Number(process.env.UPLOADS ?? 80);
/** Of the whole process. */
const MEMORY_LIMIT_MB = 300;

const SECRET = 'a-secret-of-thirty-two-characters-and-more';

const room = openRoom('uploads');
let server: Server;
let sue: Person;
let bytes: Buffer;

const start = async () => {
  server = await startServer(room.path, { SOUK_DATA: room.path, NODE_ENV: 'test', INTERNAL_SECRET: SECRET });
  sue = await arrives(server.call, 'sue');
};

beforeAll(async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  const photo = await sharp({ create: { width: 1600, height: 1000, channels: 3, background: 'gray', noise } })
    .jpeg({ quality: 92 })
    .toBuffer();
  bytes = Buffer.concat([photo, Buffer.alloc(Math.max(0, 2_000_000 - photo.length))]);
  await start();
});
afterAll(async () => {
  await server?.kill();
  await stopLeftDatabase(room.path);
  room.clear();
});

const announce = async (): Promise<Upload> => (await sue.post('/v1/users/profile/picture', announcing(bytes))).body;
/** Signed is the address that Souk calls itself; it answers at another port here. */
const here = (url: string): string => server.url + new URL(url).pathname + new URL(url).search;
/** Sends a file, all of it at once. A sender who is told to come back does so. */
const put = async ({ upload }: Upload): Promise<number> => {
  const call = request(here(upload.url), {
    method: 'PUT',
    agent: false,
    headers: { ...upload.headers, 'content-length': bytes.length, connection: 'close' },
  });
  call.end(bytes);
  const [reply] = (await once(call, 'response')) as [IncomingMessage];
  reply.resume();
  if (reply.statusCode !== 503) return reply.statusCode!;
  await sleep(Number(reply.headers['retry-after']) * 1000);
  return put({ upload } as Upload);
};
const picture = async (): Promise<Image | null> => (await server.call(`/v1/users/${sue.id}/profile`)).body.picture;

/** The most memory that the server has had, in MB. */
const mostMemory = (): number => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))![1]) / 1024;

/** All of an image can be read. */
async function expectWhole({ sources }: Image): Promise<void> {
  for (const url of sources.flatMap(({ avif, webp, jpeg }) => [avif, webp, jpeg])) expect((await fetch(here(url))).status, url).toBe(200);
}

test(`${UPLOADS} files of 2 MB that come at once take little memory, and a kill -9 among them shows no half-made image and loses none`, async () => {
  const uploads: Upload[] = [];
  while (uploads.length < UPLOADS) uploads.push(...(await Promise.all(Array.from({ length: 20 }, announce))));
  const before = existsSync('/proc') ? mostMemory() : 0;
  const statuses = await Promise.all(uploads.map(put));
  expect(new Set(statuses)).toEqual(new Set([200]));
  const after = existsSync('/proc') ? mostMemory() : 0;
  console.info(`${UPLOADS} uploads at once: the server had ${before.toFixed(0)} MB before and ${after.toFixed(0)} MB at most`);
  expect(after).toBeLessThan(MEMORY_LIMIT_MB);

  const last = await announce();
  expect(await put(last)).toBe(200);
  await server.kill();
  await start();
  let shown: Image | null = null;
  for (let tries = 0; tries < 400 && shown?.id !== last.id; tries++, await sleep(50)) {
    shown = await picture();
    if (shown) await expectWhole(shown);
  }
  expect(shown?.id).toBe(last.id);
}, 120_000);

test('private files that were sent before a kill -9 are stored encrypted and whole after it, and none stays as it came', async () => {
  const ask = <T>(operation: string, input: object) =>
    remoteAsker({ media: server.url }, SECRET, noTracing, { breaker() {} })('orders', 'media', operation, input, systemScope) as Promise<T>;
  const files = Array.from({ length: 12 }, (_, n) => pdf(`% souk-secret ${n} ${'x'.repeat(300_000)}`));
  const wish = { purpose: 'identity-document', ownerId: sue.id, subjectId: sue.id };
  const uploads = await Promise.all(files.map((file) => ask<Upload>('announce', { key: newId(), ...wish, ...announcing(file, PDF) })));
  const sent = uploads.map(({ upload }, n) =>
    fetch(here(upload.url), { method: 'PUT', headers: { ...upload.headers, connection: 'close' }, body: new Uint8Array(files[n]!) }),
  );
  expect((await Promise.all(sent)).map(({ status }) => status)).toEqual(Array(12).fill(200));
  await server.kill();
  await start();
  const ids = uploads.map(({ id }) => id);
  const states = async () => (await ask<{ uploads: { state: string }[] }>('uploads', { ids })).uploads.map(({ state }) => state);
  for (let tries = 0; tries < 400 && (await states()).some((state) => state !== 'ready'); tries++) await sleep(50);
  for (const [n, id] of ids.entries()) {
    await ask('attach', { id });
    const { url } = await ask<{ url: string }>('readPrivate', { id, seconds: 60 });
    expect(Buffer.from(await (await fetch(here(url))).arrayBuffer()).equals(files[n]!), id).toBe(true);
  }
  const stored = () =>
    readdirSync(join(room.path, 'media/objects'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      ids.some((id) => name.endsWith(id)),
    );
  for (let tries = 0; tries < 400 && stored().length > 12; tries++) await sleep(50);
  expect(stored().sort()).toEqual(ids.map((id) => `private/${id}`).sort());
  for (const name of stored()) expect(readFileSync(join(room.path, 'media/objects', name)).includes('souk-secret')).toBe(false);
}, 120_000);

test('a file larger than was signed is refused while it comes, and one that nobody signed before any of it is read', async () => {
  const { upload } = await announce();
  const sent = (url: string, headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const call = request(here(url), { method: 'PUT', headers }, (reply) => {
        resolve(reply.statusCode!);
        call.destroy();
      });
      call.on('error', reject);
      call.write(bytes.subarray(0, 1000));
    });
  const type = { 'content-type': 'image/jpeg' };
  expect(await sent(upload.url, { ...type, 'content-length': String(bytes.length + 1) })).toBe(403);
  expect(await sent(upload.url.replace(/Signature=../, 'Signature=00'), { ...type, 'content-length': String(bytes.length) })).toBe(403);
  expect(await sent(upload.url, { ...type, 'content-length': String(21 * 1024 * 1024) })).toBe(413);
  expect(await sent(upload.url, { ...type, 'transfer-encoding': 'chunked' })).toBe(403);
});
