import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { versitygwIsHere } from '../../../infra/local/versitygw.ts';
import { PDF, pdf, privateFiles } from '../../../test/private-files.ts';
import { worldOnS3 } from '../../../test/s3-world.ts';
import { picture, sendFile } from '../../../test/uploading.ts';
import { type Person, type World, world } from '../../../test/world.ts';
import { hours, minutes } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import { systemScope } from '../../kernel/runtime.ts';
import { checkUpload } from './check-upload.ts';
import type { Media } from './context.ts';

const SECRET = 'souk-secret-place';

let w: World;
let sue: Person;

beforeAll(async () => {
  w = await world();
  sue = await w.person('sue');
});

const laden = async (): Promise<Buffer> =>
  sharp(await picture('teal', 600, 300))
    .withExif({ IFD0: { Copyright: SECRET }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '36/1 48/1 0/1' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();

const { announce, attached, signed, read, bytesAt, objects, storedBytes } = privateFiles(() => [w, sue]);
interface Row {
  state: string;
  reason: string | null;
  file_key_sealed: string | null;
}
const rowOf = async (id: string): Promise<Row> =>
  (await w.sql<Row>('select state, reason, file_key_sealed from media.uploads where id = $1', [id]))[0]!;
const told = async (id: string) =>
  w.sql<{ name: string; payload: object }>(`select name, payload from told.outbox where payload ->> 'mediaId' = $1`, [id]);

describe('an identity document', () => {
  test('as an image is stored encrypted, upright and without metadata, and read at a signed address only', async () => {
    const bytes = await laden();
    const upload = await announce(bytes);
    expect(await sendFile(w, upload, bytes)).toMatchObject({ status: 200, body: { state: 'checking' } });
    expect(await objects()).toEqual([`uploads/${upload.id}`]);
    await w.step();
    expect(await objects()).toEqual([`private/${upload.id}`]);
    await expect(signed(upload.id)).rejects.toMatchObject({ code: 'not-found' });
    await w.ask('media', 'attach', { id: upload.id });

    const stored = await storedBytes(`private/${upload.id}`);
    for (const plain of [SECRET, 'Exif', 'JFIF', Buffer.from('ffd8ff', 'hex')]) expect(stored.includes(plain)).toBe(false);
    const { url, expiresAt } = await signed(upload.id, 120);
    expect(Math.abs(Date.parse(expiresAt) - w.clock.now().getTime() - 120_000)).toBeLessThanOrEqual(1000);
    const reply = await read(url);
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-disposition': 'attachment; filename="identity-document.jpg"',
      'cross-origin-resource-policy': 'same-site',
    });
    const shown = Buffer.from(await reply.arrayBuffer());
    expect(shown.includes(SECRET)).toBe(false);
    const { width, height, exif, xmp, iptc, orientation } = await sharp(shown).metadata();
    expect({ width, height, exif, xmp, iptc, orientation }).toEqual({ width: 300, height: 600 });
    const head = await read(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), (await head.arrayBuffer()).byteLength]).toEqual([
      200,
      String(shown.length),
      0,
    ]);
    expect((await sue.get(`/v1/media/${upload.id}`)).body).toMatchObject({ state: 'attached', image: null });
    expect((await w.ask<{ uploads: object[] }>('media', 'life.export', { accountId: sue.id, limit: 10 })).uploads).toContainEqual(
      expect.objectContaining({ purpose: 'identity-document', fileName: 'picture.jpg' }),
    );
  });

  test('as a PDF is stored as it came, and any part of it is read', async () => {
    const bytes = pdf(Buffer.alloc(200_000, SECRET));
    const id = await attached(bytes, PDF);
    const { url } = await signed(id);
    expect((await bytesAt(url)).equals(bytes)).toBe(true);
    expect((await storedBytes(`private/${id}`)).includes(SECRET)).toBe(false);
    const part = await read(url, { headers: { range: 'bytes=65530-131080' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 65530-131080/${bytes.length}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(65_530, 131_081))).toBe(true);
  });

  test('is told to the module that it is for, once, and shares nothing with another of the same bytes', async () => {
    const bytes = pdf('% the same');
    const ids = [await attached(bytes, PDF), await attached(bytes, { ...PDF, ownerId: newId() })];
    const [one, other] = await Promise.all(ids.map((id) => storedBytes(`private/${id}`)));
    expect(one!.length).toBe(other!.length);
    expect(one!.subarray(33).equals(other!.subarray(33))).toBe(false);
    const what = { purpose: 'identity-document', subjectId: sue.id, contentType: 'application/pdf' };
    expect(await told(ids[0]!)).toMatchObject([
      { name: expect.stringContaining('media.file-ready'), payload: { ...what, ownerId: sue.id } },
    ]);
    expect(await w.sql('select hash from media.images')).toEqual([]);
    await w.ask('media', 'discard', { ids: [ids[0]], reason: 'judged' });
    await w.step();
    expect(await objects()).not.toContain(`private/${ids[0]}`);
    expect((await bytesAt((await signed(ids[1]!)).url)).equals(bytes)).toBe(true);
  });

  test('is refused if it is not a PDF, or acts by itself', async () => {
    const image = await picture();
    const cases: [what: string, bytes: Buffer, contentType: string, reason: string][] = [
      ['an image that is called PDF', image, 'application/pdf', 'not-a-document'],
      ['a PDF that is called an image', pdf(), 'image/jpeg', 'not-an-image'],
      ['half an image', image.subarray(0, image.length >> 1), 'image/jpeg', 'truncated'],
      ['a PDF with a script', pdf('3 0 obj << /S /JavaScript >> endobj'), 'application/pdf', 'active-content'],
    ];
    const uploads = await Promise.all(cases.map(([, bytes, contentType]) => announce(bytes, { contentType })));
    await Promise.all(uploads.map((upload, n) => sendFile(w, upload, cases[n]![1])));
    await w.step();
    const ends = await Promise.all(uploads.map(({ id }) => rowOf(id)));
    expect(ends.map(({ state, reason, file_key_sealed }, n) => [cases[n]![0], state, reason, file_key_sealed])).toEqual(
      cases.map(([what, , , reason]) => [what, 'refused', reason, null]),
    );
    for (const { id } of uploads) expect((await objects()).filter((key) => key.endsWith(id))).toEqual([]);
  });

  test('is announced with a size, as a type that is taken, and is never fetched', async () => {
    const bytes = pdf();
    await expect(announce(bytes, { ...PDF, sizeBytes: null })).rejects.toThrow();
    await expect(announce(bytes, { ...PDF, purpose: 'product-image' })).rejects.toThrow();
    await expect(announce(bytes, { contentType: 'text/html' })).rejects.toThrow();
    const wish = { key: newId(), ownerId: sue.id, subjectId: sue.id, url: 'http://127.0.0.1:9/', alt: '' };
    await expect(w.ask('media', 'fetch', { ...wish, purpose: 'identity-document' })).rejects.toThrow();
    await expect(signed(await attached(bytes, PDF), 301)).rejects.toThrow();
  });
});

describe('the address of a private file', () => {
  test('opens one file until it expires, and nothing else', async () => {
    const mine = await attached(pdf('% mine'), PDF);
    const other = await attached(pdf('% other'), PDF);
    const { url } = await signed(mine, 300);
    const changed = (change: (url: URL) => void): URL => {
      const next = new URL(url);
      change(next);
      return next;
    };
    const query = (name: string, value: string) => changed(({ searchParams }) => searchParams.set(name, value));
    const refused: [string, URL][] = [
      ['another file', changed((next) => Object.assign(next, { pathname: next.pathname.replace(mine, other) }))],
      ['another signature', query('X-Amz-Signature', '0'.repeat(64))],
      ['no signature', changed(({ searchParams }) => searchParams.delete('X-Amz-Signature'))],
      ['a later end', query('X-Amz-Expires', '86400')],
      ['another date', query('X-Amz-Date', '20300101T000000Z')],
      ['something more', query('response-content-type', 'text/html')],
      ['no query', changed((next) => Object.assign(next, { search: '' }))],
    ];
    for (const [what, at] of refused) expect(await w.get(`${at.pathname}${at.search}`), what).toBeProblem(403, 'media/read-not-allowed');
    const put = (await announce(pdf(), PDF)).upload.url;
    const asUpload = new URL(put);
    expect((await read(changed((next) => Object.assign(next, { search: asUpload.search })))).status).toBe(403);
    expect((await read(url, { method: 'PUT', body: 'x' })).status).toBe(405);
    expect(
      (
        await read(url.replace('/private-files/', '/uploads/'), {
          method: 'PUT',
          body: 'x',
          headers: { 'content-length': '1', 'content-type': 'image/jpeg' },
        })
      ).status,
    ).toBe(403);
    for (const path of [`/v1/media/${mine}/150.jpg`, `/v1/media/private/${mine}`, `/v1/media/${'x'.repeat(43)}/1.jpg`])
      expect((await w.get(path)).status, path).toBe(404);
    expect((await read(url)).status).toBe(200);
    w.clock.advance(minutes(5) + 1000);
    expect(await w.get(new URL(url).pathname + new URL(url).search)).toBeProblem(403, 'media/read-not-allowed');
  });

  test('answers nothing any more once the file is discarded, or its owner erased', async () => {
    const owner = newId();
    const [discarded, erased, unfinished] = [
      await attached(pdf('% a'), PDF),
      await attached(pdf('% b'), { ...PDF, ownerId: owner }),
      pdf('% c'),
    ];
    const urls = await Promise.all([discarded, erased].map(async (id) => new URL((await signed(id)).url)));
    const upload = await announce(unfinished, { ...PDF, ownerId: owner });
    await sendFile(w, upload, unfinished);
    await w.ask('media', 'discard', { ids: [discarded], reason: 'judged' });
    await w.ask('media', 'life.forget', { accountId: owner });
    for (const { pathname, search } of urls) expect(await w.get(pathname + search)).toBeProblem(404, 'not-found');
    expect(await w.sql('select id from media.uploads where owner_id = $1 and file_key_sealed is not null', [owner])).toEqual([]);
    await w.step();
    for (const id of [discarded, erased, upload.id]) expect((await objects()).filter((key) => key.endsWith(id))).toEqual([]);
    await expect(signed(discarded)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('gives no byte of a file that was changed in the store, and is not there once the file is gone', async () => {
    const id = await attached(pdf(), PDF);
    const key = `private/${id}`;
    const stored = await storedBytes(key);
    stored[40]! ^= 1;
    await w.adapters.storage.write(key, stored, 'application/octet-stream', true);
    const { url } = await signed(id);
    await expect(bytesAt(url)).rejects.toThrow();
    await w.adapters.storage.write(key, stored.subarray(0, 20), 'application/octet-stream', true);
    expect(await w.get(url.replace(/^.*\/v1/, '/v1'))).toBeProblem(500, 'internal-error');
    await w.adapters.storage.remove([key]);
    expect(await w.get(url.replace(/^.*\/v1/, '/v1'))).toBeProblem(404, 'not-found');
  });
});

test('wherever the work on a private file is cut off, it is stored encrypted all the same, and no plain one is left', async () => {
  const { storage } = w.adapters;
  const real = { ...storage };
  let left = 0;
  for (const step of ['read', 'write', 'remove'] as const)
    Object.assign(storage, {
      [step]: async (...given: never[]) => {
        if (--left === 0) throw new Error(`cut off at ${step}`);
        return (real[step] as (...all: never[]) => unknown)(...given);
      },
    });
  const before = new Set(await objects());
  for (let at = 1; at <= 3; at++) {
    const bytes = pdf(`% cut off at ${at}`);
    const upload = await announce(bytes, PDF);
    await sendFile(w, upload, bytes);
    left = at;
    await w.step();
    w.clock.advance(minutes(2)); // the job is tried again
    await w.step();
    await w.ask('media', 'attach', { id: upload.id });
    expect((await objects()).filter((key) => !before.has(key) && key.endsWith(upload.id))).toEqual([`private/${upload.id}`]);
    expect(await told(upload.id)).toHaveLength(1);
    expect((await bytesAt((await signed(upload.id)).url)).equals(bytes)).toBe(true);
  }
  Object.assign(storage, real);
});

test('twenty documents at once, each sent twice and checked twice, are each read as they were sent', async () => {
  const files = Array.from({ length: 20 }, (_, n) => pdf(`% number ${n} ${randomBytes(40_000 * (n % 4)).toString('base64')}`));
  const uploads = await Promise.all(files.map((bytes) => announce(bytes, PDF)));
  await Promise.all(uploads.flatMap((upload, n) => [sendFile(w, upload, files[n]!), sendFile(w, upload, files[n]!)]));
  const media = w.souk.runtime.context('media', systemScope) as Media;
  const checks = uploads.flatMap(({ id }) => [checkUpload(media, { id }), checkUpload(media, { id })]);
  await Promise.allSettled(checks); // the second of two finds the file gone, maybe
  await w.step();
  for (const { id } of uploads) await w.ask('media', 'attach', { id });
  const urls = await Promise.all(uploads.map(({ id }) => signed(id)));
  const found = await Promise.all(urls.map(({ url }) => bytesAt(url)));
  expect(found.map((bytes, n) => bytes.equals(files[n]!))).toEqual(Array(20).fill(true));
  expect((await objects()).filter((key) => key.startsWith('uploads/'))).toEqual([]);
});

test('what is stored of a private file that nobody has the key of goes after an hour; the others stay', async () => {
  const id = await attached(pdf('% stays'), PDF);
  const lost = `private/${newId()}`;
  await w.adapters.storage.write(lost, Buffer.from('lost'), 'application/octet-stream', true);
  w.clock.advance(hours(2));
  await w.step();
  expect([(await objects()).includes(lost), (await objects()).includes(`private/${id}`)]).toEqual([false, true]);
});

if (!versitygwIsHere) console.info('Not run: private files in S3. infra/local/versitygw.sh builds the server that they need, with Go.');

test.runIf(versitygwIsHere)('a private file in S3 is encrypted too, and read at Souk', async () => {
  const [there, { bucket, endpoint }] = await worldOnS3();
  const bytes = pdf(Buffer.alloc(150_000, SECRET));
  const { id, upload } = await announce(bytes, PDF, there);
  const { method, url, headers } = upload;
  expect((await fetch(url, { method, headers, body: new Uint8Array(bytes) })).status).toBe(200);
  await there.step();
  await there.ask('media', 'attach', { id });
  expect(await objects(there)).toEqual([`private/${id}`]);
  expect((await buffer(await there.adapters.storage.read(`private/${id}`))).includes(SECRET)).toBe(false);
  expect((await fetch(`${endpoint}/${bucket}/private/${id}`)).status).toBe(403);
  const address = (await signed(id, 60, there)).url;
  expect(new URL(address).pathname).toBe(`/v1/private-files/${id}`);
  expect((await bytesAt(address, {}, there)).equals(bytes)).toBe(true);
  const part = await bytesAt(address, { headers: { range: 'bytes=65530-65545' } }, there);
  expect(part.equals(bytes.subarray(65_530, 65_546))).toBe(true);
  await there.ask('media', 'discard', { ids: [id], reason: 'judged' });
  await there.step();
  expect(await objects(there)).toEqual([]);
});
