import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../infra/local/free-port.ts';
import { versitygwIsHere } from '../../../infra/local/versitygw.ts';
import { closeAtEnd } from '../../../test/closing.ts';
import { PASSWORD } from '../../../test/people.ts';
import { worldOnS3 } from '../../../test/s3-world.ts';
import { announcing, nobodyTakesImages, picture, sendFile } from '../../../test/uploading.ts';
import { type Person, type World, world } from '../../../test/world.ts';
import { hours, minutes, seconds } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import type { Image, Upload } from './contract.ts';

const SECRET = 'a-secret-of-thirty-two-characters-and-more';

let w: World;
let sue: Person;

beforeAll(async () => {
  w = await world({ modules: nobodyTakesImages, env: { MEDIA_NOTIFICATION_SECRET: SECRET } });
  sue = await w.person('sue');
});

const announce = (bytes: Buffer, more: object = {}, at: World = w) =>
  at.ask<Upload>('media', 'announce', {
    key: newId(),
    ownerId: sue.id,
    purpose: 'product-image',
    subjectId: newId(),
    ...announcing(bytes),
    ...more,
  });
/** How an upload stands, for its owner, who signs in again: time moves here. */
const show = async (id: string) => {
  const { body } = await w.post('/v1/auth/sign-in', { username: 'sue', password: PASSWORD });
  const reply = await w.get(`/v1/media/${id}`, { authorization: `Bearer ${body.accessToken}` });
  return reply.body as { state: string; reason: string | null; image: Image | null };
};
const stateOf = async (id: string) => (await w.sql<{ state: string }>('select state from media.uploads where id = $1', [id]))[0]?.state;
const objects = async (prefix: string) => (await w.adapters.storage.list(prefix)).map(({ key }) => key);
/** Brings a file into the store past Souk, as a store does that is not Souk's. */
const store = (id: string, bytes: Buffer) => w.adapters.storage.write(`uploads/${id}`, bytes, 'image/jpeg');

/** An image, sent and attached. */
async function attached(bytes: Buffer): Promise<string> {
  const upload = await announce(bytes);
  await sendFile(w, upload, bytes);
  await w.step();
  await w.ask('media', 'attach', { id: upload.id });
  return upload.id;
}

describe('a file that arrives in a store of its own', () => {
  const tell = (keys: string[], secret: string, records = true) =>
    w.post(
      '/v1/storage-notifications',
      records
        ? { EventName: 's3:ObjectCreated:Put', Records: keys.map((key) => ({ eventVersion: '2.0', s3: { object: { key, size: 1 } } })) }
        : { source: 'aws.s3', detail: { bucket: {}, object: { key: keys[0] } } },
      { authorization: `Bearer ${secret}` },
    );

  test.each([true, false])('is checked when the store tells of it, once, however often it tells', async (records) => {
    const bytes = await picture('navy');
    const { id } = await announce(bytes);
    await store(id, bytes);
    expect(await tell([`uploads/${id}`], 'a-secret-that-somebody-guessed-wrongly', records)).toBeProblem(401, 'unauthenticated');
    expect(await stateOf(id)).toBe('awaiting_upload');
    for (const _ of [1, 2])
      expect((await tell([`uploads%2F${id}`, 'uploads/other', `media/${id}`, '%'], SECRET, records)).status).toBe(204);
    expect(await stateOf(id)).toBe('checking');
    await w.step();
    expect(await stateOf(id)).toBe('ready');
  });

  test('is found by a timer where nobody tells', async () => {
    const bytes = await picture('maroon');
    const { id } = await announce(bytes);
    await store(id, bytes);
    await w.step();
    expect(await stateOf(id)).toBe('ready');
    expect(await objects('uploads/')).toEqual([]);
  });

  test('is told by nobody where there is no secret', async () => {
    const plain = await w.sibling({ MEDIA_NOTIFICATION_SECRET: '' });
    expect(await plain.post('/v1/storage-notifications', {}, { authorization: 'Bearer ' })).toBeProblem(404, 'not-found');
  });
});

test('two uploads of one file name never meet, and two of the same bytes share their files until both are discarded', async () => {
  const bytes = await picture('olive');
  const [one, other] = await Promise.all([announce(bytes), announce(bytes)]);
  expect(new URL(one.upload.url).pathname).not.toBe(new URL(other.upload.url).pathname);
  const green = await picture('lime');
  const third = await announce(green);
  await Promise.all([sendFile(w, one, bytes), sendFile(w, other, bytes), sendFile(w, third, green)]);
  await w.step();
  for (const { id } of [one, other, third]) await w.ask('media', 'attach', { id });
  const images = await Promise.all([one, other, third].map(async ({ id }) => (await show(id)).image!));
  expect([images[0]!.url === images[1]!.url, images[0]!.url === images[2]!.url]).toEqual([true, false]);
  const files = await objects(`media/${images[0]!.url.split('/').at(-2)}/`);
  expect(files.length).toBe(9);

  await w.ask('media', 'discard', { ids: [one.id], reason: 'replaced' });
  await w.step();
  const gone = { state: 'refused', reason: 'no-longer-needed', image: null, fileName: 'picture.jpg' };
  expect(await show(one.id)).toMatchObject(gone);
  const exported = await w.ask<{ uploads: object[] }>('media', 'life.export', { accountId: sue.id, limit: 100 });
  expect(exported.uploads).toContainEqual(expect.objectContaining({ id: one.id, ...gone }));
  expect((await w.souk.fetch(new Request(images[1]!.url))).status).toBe(200);
  await w.ask('media', 'discard', { ids: [other.id, newId()], reason: 'replaced' });
  await w.step();
  expect((await w.souk.fetch(new Request(images[1]!.url))).status).toBe(404);
  expect((await w.souk.fetch(new Request(images[2]!.url))).status).toBe(200);
  expect(await w.ask('media', 'uploads', { ids: [one.id, other.id, third.id, newId()] })).toEqual({
    uploads: [one.id, other.id, third.id].map((id) => ({
      id,
      state: id === third.id ? 'attached' : 'removed',
      reason: null,
      fileName: expect.any(String),
    })),
  });
});

test('the same key announces the same upload in the same words, also later, and another key another one', async () => {
  const bytes = await picture('plum');
  const key = newId();
  const subjectId = newId();
  const [first, again, other] = await Promise.all([
    announce(bytes, { key, subjectId }),
    announce(bytes, { key, subjectId }),
    announce(bytes),
  ]);
  w.clock.advance(minutes(5));
  expect([again, await announce(bytes, { key, subjectId })]).toEqual([first, first]);
  expect(other.id).not.toBe(first.id);
});

describe('what nobody waits for', () => {
  test('is removed from the store after an hour; what is shown stays', async () => {
    const id = await attached(await picture('pink'));
    const lost = `media/${'x'.repeat(43)}/150.jpg`;
    await w.adapters.storage.write(lost, Buffer.from('lost'), 'image/jpeg');
    await w.adapters.storage.write(`uploads/${newId()}`, Buffer.from('lost'), 'image/jpeg');
    await w.sql(`insert into media.images (hash, created_at) values ($1, now())`, ['y'.repeat(43)]);
    w.clock.advance(minutes(30));
    await w.step();
    expect(await objects('uploads/')).toHaveLength(1);
    w.clock.advance(hours(1));
    await w.step();
    await w.step();
    expect([await objects('uploads/'), (await objects('media/')).includes(lost)]).toEqual([[], false]);
    expect(await w.sql('select hash from media.images where hash = $1', ['y'.repeat(43)])).toEqual([]);
    expect((await w.souk.fetch(new Request((await show(id)).image!.url))).status).toBe(200);
  });

  test('is refused when it has not come in time, and what comes later goes', async () => {
    const bytes = await picture('gold');
    const [upload, read] = [await announce(bytes), await announce(bytes)];
    w.clock.advance(minutes(14));
    await w.sql('update media.uploads set arriving_since = $2 where id = $1', [upload.id, w.clock.now()]);
    w.clock.advance(minutes(2));
    await w.step();
    expect(await stateOf(read.id)).toBe('awaiting_upload');
    expect(await show(read.id)).toMatchObject({ state: 'refused', reason: 'never-arrived' }); // whoever looks need not wait for a timer
    expect(await show(upload.id)).toMatchObject({ state: 'awaiting_upload' }); // its bytes began to come in time
    w.clock.advance(minutes(14));
    await w.step();
    expect(await show(upload.id)).toMatchObject({ state: 'refused', reason: 'never-arrived' });
    await store(upload.id, bytes);
    w.clock.advance(hours(2));
    await w.step();
    expect([await objects('uploads/'), await stateOf(upload.id)]).toEqual([[], 'refused']);
    w.clock.advance(hours(31 * 24));
    await w.step();
    expect(await stateOf(upload.id)).toBeUndefined();
  });
});

test('the images of an account that is erased are gone, also for those who know their addresses', async () => {
  const id = await attached(await picture('tan'));
  const { url } = (await show(id)).image!;
  const older = await attached(await picture('wheat'));
  await w.ask('media', 'discard', { ids: [older], reason: 'replaced' });
  await w.ask('media', 'life.forget', { accountId: sue.id });
  await w.step();
  expect(await w.get(new URL(url).pathname)).toBeProblem(404, 'not-found');
  for (const path of [`${'x'.repeat(43)}/150.exe`, `${'x'.repeat(43)}/..%2f150.jpg`])
    expect((await w.get(`/v1/media/${path}`)).status, path).toBe(404);
  expect(await w.sql('select id from media.uploads where owner_id = $1 and (state <> $2)', [sue.id, 'removed'])).toEqual([]);
  for (const gone of [id, older]) expect(await show(gone)).toMatchObject({ status: 404 });
});

test('an image is fetched from an address, past redirections, and refused where there is none', async () => {
  const bytes = await picture('cyan');
  let [asked, busy, none] = [0, 0, 0];
  const server = createServer((request, reply) => {
    if (request.url === '/lamp.jpg') reply.end(bytes);
    else if (request.url === '/moved') reply.writeHead(302, { location: '/lamp.jpg' }).end();
    else if (request.url === '/circle') reply.writeHead(302, { location: '/circle' }).end();
    else if (request.url === '/passing') reply.writeHead(++asked <= 2 ? 503 : 200).end(bytes);
    else if (request.url === '/busy') reply.writeHead(429).end(bytes, () => busy++);
    else if (request.url === '/inside') reply.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
    else reply.writeHead(404).end(() => none++);
  }).listen(0, '127.0.0.1');
  closeAtEnd(async () => void server.close());
  await new Promise((ready) => server.once('listening', ready));
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (path: string, key = newId(), host = at) =>
    w.ask<{ id: string }>('media', 'fetch', {
      key,
      ownerId: sue.id,
      purpose: 'product-image',
      subjectId: newId(),
      url: `${host}${path}`,
      alt: 'A lamp',
    });
  const uploads = await Promise.all(['/lamp.jpg', '/moved', '/circle', '/inside', '/none'].map((path) => ask(path)));
  await w.step();
  const states = await Promise.all(uploads.map(({ id }) => show(id)));
  expect(states.map(({ state, reason }) => reason ?? state)).toEqual(['checking', 'checking', 'not-fetched', 'not-fetched', 'not-fetched']);
  const ready = (id: string) => w.sql<{ state: string; reason: string }>('select state, reason from media.uploads where id = $1', [id]);
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const passing = await Promise.all([ask('/passing'), ask('/busy'), ask('/lamp.jpg', newId(), nobody)]);
  const stands = async () => (await Promise.all(passing.map(({ id }) => ready(id)))).map(([row]) => row!.reason ?? row!.state);
  const seen: string[][] = [];
  for (const later of [0, seconds(9), seconds(1), minutes(1), minutes(5), hours(1)]) {
    w.clock.advance(later);
    await w.step();
    seen.push([...(await stands()), `${asked} ${busy}`]);
  }
  expect(seen).toEqual([
    ['checking', 'checking', 'checking', '1 1'],
    ['checking', 'checking', 'checking', '1 1'],
    ['checking', 'checking', 'checking', '2 2'],
    ['ready', 'checking', 'checking', '3 3'],
    ['ready', 'not-fetched', 'not-fetched', '3 4'],
    ['ready', 'not-fetched', 'not-fetched', '3 4'],
  ]);
  expect(none).toBe(1); // what is not there is asked for once
  const key = newId();
  expect((await ask('/lamp.jpg', key)).id).toBe((await ask('/lamp.jpg', key)).id);
});

test('a key announces the same upload as long as its address is good or its file has come, and nothing after that', async () => {
  const [bytes, subjectId, came, late] = [await picture('sienna'), newId(), newId(), newId()];
  const first = await announce(bytes, { key: came, subjectId });
  const other = await announce(bytes, { key: late, subjectId });
  await sendFile(w, first, bytes);
  w.clock.advance(minutes(14));
  expect(await announce(bytes, { key: late, subjectId })).toEqual(other);
  w.clock.advance(minutes(1));
  await expect(announce(bytes, { key: late, subjectId })).rejects.toMatchObject({ code: 'media/upload-expired' });
  expect(await announce(bytes, { key: came, subjectId })).toEqual(first);
  await w.ask('media', 'discard', { ids: [first.id], reason: 'over' });
  await expect(announce(bytes, { key: came, subjectId })).rejects.toMatchObject({ code: 'media/upload-expired' });
});

if (!versitygwIsHere) console.info('Not run: uploads to S3. infra/local/versitygw.sh builds the server that they need, with Go.');

test.runIf(versitygwIsHere)('files go to S3 past Souk, and images are read from there', async () => {
  const [there, { endpoint }] = await worldOnS3({ modules: nobodyTakesImages });
  const ann = await there.person('ann');
  const bytes = await picture('coral');
  const { id, upload } = await announce(bytes, { ownerId: ann.id }, there);
  expect(new URL(upload.url).origin).toBe(endpoint);
  const { method, url, headers } = upload;
  expect((await fetch(url, { method, headers, body: new Uint8Array(bytes) })).status).toBe(200);
  expect(
    (
      await there.fetch(new URL(url).pathname.replace('/souk-test', '/v1'), {
        method,
        headers: { 'content-type': 'image/jpeg' },
        body: 'x',
      })
    ).status,
  ).toBe(404);
  await there.step();
  await there.ask('media', 'attach', { id });
  const { image } = (await ann.get(`/v1/media/${id}`)).body as { image: Image };
  const reply = await there.souk.fetch(new Request(image.sources[0]!.avif, { headers: { range: 'bytes=4-11' } }));
  expect([reply.status, await reply.text()]).toEqual([206, 'ftypavif']);
  await there.ask('media', 'discard', { ids: [id], reason: 'replaced' });
  await there.step();
  expect(await there.adapters.storage.list('')).toEqual([]);
});
