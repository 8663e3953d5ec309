import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3Server, startS3, versitygwIsHere } from '../../../infra/local/versitygw.ts';
import { folderStorage } from './folder.ts';
import { RefusedUpload, type SignedUpload, type Storage } from './port.ts';
import { s3Storage } from './s3.ts';

interface Sent {
  url: string;
  headers: Record<string, string>;
  bytes: Buffer;
}

/** A store, and how a file is sent to it. They answer whether it was taken. */
interface Subject {
  storage: Storage;
  put(sent: Sent): Promise<boolean>;
  post(form: SignedUpload['form'], bytes: Buffer): Promise<boolean>;
  close(): Promise<void>;
}

async function folder(): Promise<Subject> {
  const place = mkdtempSync(join(tmpdir(), 'souk-storage-'));
  const storage = folderStorage({ folder: place, url: 'http://localhost:3000/v1', secret: () => 'not-a-secret' });
  const door = storage.door!;
  const parts = async function* (bytes: Buffer) {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  };
  const refused = (error: unknown): undefined => {
    if (!(error instanceof RefusedUpload)) throw error;
    return undefined;
  };
  return {
    storage,
    put: async ({ url, headers, bytes }) => {
      const given = new Headers({ 'content-length': String(bytes.length), ...headers });
      const allowed = await door
        .judgePut({ url, header: (name) => given.get(name) ?? undefined, headerNames: () => [...given.keys()] }, new Date())
        .catch(refused);
      return allowed !== undefined && (await door.receive(allowed, parts(bytes))) === 'stored';
    },
    post: async ({ fields }, bytes) => {
      const given = new Map(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
      const allowed = await door.judgeForm(given, new Date()).catch(refused);
      return allowed !== undefined && (await door.receive(allowed, parts(bytes))) === 'stored';
    },
    close: async () => rmSync(place, { recursive: true }),
  };
}

async function s3(): Promise<Subject> {
  const server: S3Server = await startS3();
  return {
    storage: s3Storage(server.settings, { url: 'http://localhost:3000/v1', secret: () => 'not-a-secret' }),
    put: async ({ url, headers, bytes }) => (await fetch(url, { method: 'PUT', headers, body: new Uint8Array(bytes) })).ok,
    post: async ({ url, fields }, bytes) => {
      const body = new FormData();
      for (const [name, value] of Object.entries(fields)) body.set(name, value);
      body.set('file', new Blob([new Uint8Array(bytes)]));
      return (await fetch(url, { method: 'POST', body })).ok;
    },
    close: () => server.stop(),
  };
}

if (!versitygwIsHere) console.info('Not run: storage in S3. infra/local/versitygw.sh builds the server that it needs, with Go.');

describe.each([
  ['a folder', folder, true],
  ['S3', s3, versitygwIsHere],
] as const)('storage in %s', (_, openSubject, isHere) => {
  let subject: Subject;
  let storage: Storage;
  beforeAll(async () => {
    if (!isHere) return;
    subject = await openSubject();
    storage = subject.storage;
  });
  afterAll(() => subject?.close());

  const bytes = randomBytes(5000);
  const sign = (key: string, more: object = {}) =>
    storage.signUpload({ key, contentType: 'image/png', sizeBytes: bytes.length, now: new Date(), expiresInSeconds: 60, ...more });
  const read = async (key: string, range?: { first: number; last: number }) => buffer(await storage.read(key, range));

  test.runIf(isHere)('stores objects, shows parts of them, lists and removes them', async () => {
    for (const key of ['a/1', 'a/2.jpg', 'a/b/3', 'ab/4']) await storage.write(key, bytes, 'image/jpeg');
    await storage.write('a/1', bytes.subarray(0, 10), 'image/jpeg');
    expect(await read('a/1')).toEqual(bytes.subarray(0, 10));
    expect(await read('a/b/3', { first: 4000, last: 4099 })).toEqual(bytes.subarray(4000, 4100));
    expect(await storage.look('a/2.jpg')).toMatchObject({ key: 'a/2.jpg', sizeBytes: 5000 });
    expect([await storage.look('a/9'), await storage.look('a')]).toEqual([undefined, undefined]);
    await expect(read('a/9')).rejects.toThrow();
    const keys = async (prefix: string, after?: string) => (await storage.list(prefix, after)).map(({ key }) => key);
    expect(await keys('a/')).toEqual(['a/1', 'a/2.jpg', 'a/b/3']);
    expect(await keys('a/', 'a/1')).toEqual(['a/2.jpg', 'a/b/3']);
    expect(await keys('x/')).toEqual([]);
    await storage.remove(['a/1', 'a/b/3', 'a/never']);
    expect(await keys('a')).toEqual(['a/2.jpg', 'ab/4']);
  });

  test.runIf(isHere)('takes a signed PUT and a signed form, and stores what was sent', async () => {
    const { upload } = await sign('uploads/put');
    expect(await subject.put({ url: upload.url, headers: { ...upload.headers }, bytes })).toBe(true);
    expect(await read('uploads/put')).toEqual(bytes);
    const { form } = await sign('uploads/form');
    expect(await subject.post(form, bytes)).toBe(true);
    expect(await read('uploads/form')).toEqual(bytes);
  });

  test.runIf(isHere)('signs reads that Souk answers, each for one address and for as long as it says', async () => {
    const now = new Date();
    const { reads } = storage;
    const url = await reads.sign({ key: 'private-files/mine', now, expiresInSeconds: 60 });
    const judge = (at: string, { later = 0, ...headers }: Record<string, string | number> & { later?: number } = {}) => {
      const given = new Headers(headers as Record<string, string>);
      const request = { url: at, header: (name: string) => given.get(name) ?? undefined, headerNames: () => [...given.keys()] };
      return reads.judge(request, new Date(now.getTime() + later)).catch((error) => error.reason);
    };
    expect(await judge(url, { range: 'bytes=0-1', later: 59_000 })).toBe('private-files/mine');
    expect(await judge(url.replace('mine', 'yours'))).toBe('SignatureDoesNotMatch');
    expect(await judge(url.replace(/Signature=../, 'Signature=zz'))).toBe('SignatureDoesNotMatch');
    expect(await judge(url.replace('Expires=60', 'Expires=600'))).toBe('SignatureDoesNotMatch');
    expect(await judge(url, { 'x-amz-acl': 'public-read' })).toBe('AccessDenied');
    expect(await judge(url, { later: 61_000 })).toBe('AccessDenied');
    const put = await sign('private-files/mine', { isOpen: true });
    expect(await judge(`${url.split('?')[0]}?${put.upload.url.split('?')[1]}`)).toBe('SignatureDoesNotMatch');
  });

  test.runIf(isHere)('takes an open PUT of any type and size, at its own address alone', async () => {
    const { upload } = await sign('uploads/open', { isOpen: true });
    const headers = { 'Content-Type': 'image/webp' };
    const url = new URL(upload.url);
    url.pathname = url.pathname.replace('open', 'shut');
    expect(await subject.put({ url: url.href, headers, bytes })).toBe(false);
    expect(await subject.put({ url: upload.url, headers, bytes: bytes.subarray(1) })).toBe(true);
    expect(await read('uploads/open')).toEqual(bytes.subarray(1));
    const exact = new URL((await sign('uploads/exact')).upload.url);
    exact.searchParams.set('X-Amz-SignedHeaders', 'host');
    expect(await subject.put({ url: exact.href, headers, bytes: bytes.subarray(1) })).toBe(false);
  });

  test.runIf(isHere)('refuses a PUT with another key, signature, type, size or time than was signed', async () => {
    const { upload } = await sign('uploads/mine');
    const headers = { ...upload.headers };
    const changed = (change: (url: URL) => void): Sent => {
      const url = new URL(upload.url);
      change(url);
      return { url: url.href, headers, bytes };
    };
    const query = (name: string, value: string) => changed((url) => url.searchParams.set(name, value));
    const late = await sign('uploads/mine', { now: new Date(Date.now() - 120_000) });
    const cases: [string, Sent][] = [
      ['key', changed((url) => Object.assign(url, { pathname: url.pathname.replace('mine', 'yours') }))],
      ['signature', query('X-Amz-Signature', '0'.repeat(64))],
      ['no signature', changed((url) => url.searchParams.delete('X-Amz-Signature'))],
      ['later end', query('X-Amz-Expires', '3600')],
      ['who signed', query('X-Amz-Credential', upload.url.match(/Credential=([^&]+)/)![1]!.replace('souk', 'eve'))],
      ['type', { url: upload.url, headers: { 'Content-Type': 'text/html' }, bytes }],
      ['size', { url: upload.url, headers, bytes: bytes.subarray(1) }],
      ['a header of S3 more', { url: upload.url, headers: { ...headers, 'x-amz-acl': 'public-read' }, bytes }],
      ['time', { url: late.upload.url, headers, bytes }],
    ];
    for (const [what, sent] of cases) expect([what, await subject.put(sent)]).toEqual([what, false]);
    for (const key of ['uploads/mine', 'uploads/yours']) expect(await storage.look(key)).toBeUndefined();
  });

  test.runIf(isHere)('refuses a form with other fields, another policy, size or time than was signed', async () => {
    const { form } = await sign('uploads/mine');
    const other = await sign('uploads/yours', { sizeBytes: 1 });
    const late = await sign('uploads/mine', { now: new Date(Date.now() - 120_000) });
    const withFields = (fields: object): SignedUpload['form'] => ({ ...form, fields: { ...form.fields, ...fields } });
    const cases: [string, SignedUpload['form'], Buffer][] = [
      ['key', withFields({ key: 'uploads/yours' }), bytes],
      ['type', withFields({ 'Content-Type': 'text/html' }), bytes],
      ['policy', withFields({ Policy: other.form.fields.Policy }), bytes],
      ['signature', withFields({ 'X-Amz-Signature': '0'.repeat(64) }), bytes],
      ['something more', withFields({ 'x-amz-meta-more': 'more' }), bytes],
      ['size', form, bytes.subarray(1)],
      ['time', late.form, bytes],
    ];
    for (const [what, sent, body] of cases) expect([what, await subject.post(sent, body)]).toEqual([what, false]);
    for (const key of ['uploads/mine', 'uploads/yours']) expect(await storage.look(key)).toBeUndefined();
  });
});
