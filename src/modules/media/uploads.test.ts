import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { announceFor, announcing, nobodyTakesImages, picture, sendFile } from '../../../test/uploading.ts';
import { type Person, type World, world } from '../../../test/world.ts';
import type { Image, Upload } from './contract.ts';

let w: World;
let sue: Person;
let bob: Person;

beforeAll(async () => {
  w = await world({ modules: nobodyTakesImages });
  sue = await w.person('sue');
  bob = await w.person('bob');
});

const announce = (bytes: Buffer, more: object = {}) => announceFor(w, sue, announcing(bytes, more));
const sendForm = ({ form }: Upload, bytes: Buffer, fields: Record<string, string> = {}) => {
  const body = new FormData();
  for (const [name, value] of Object.entries({ ...form.fields, ...fields })) body.set(name, value);
  body.set('file', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), 'a.jpg');
  return w.fetch(new URL(form.url).pathname, { method: 'POST', body });
};
const stateOf = async (id: string) => (await sue.get(`/v1/media/${id}`)).body;

describe('an image', () => {
  test('is announced, sent to the signed address, made smaller, attached, and read by anybody', async () => {
    const bytes = await picture('teal', 1000, 500);
    const upload = await announce(bytes, { alt: 'All teal' });
    expect(await stateOf(upload.id)).toMatchObject({ state: 'awaiting_upload', image: null });

    expect(await sendFile(w, upload, bytes)).toMatchObject({ status: 200, body: { id: upload.id, state: 'checking' } });
    expect(await sendFile(w, upload, bytes)).toMatchObject({ status: 200 });
    await w.step();
    expect(await stateOf(upload.id)).toMatchObject({ state: 'checking', image: null });
    await w.ask('media', 'attach', { id: upload.id });
    expect(await sendFile(w, upload, bytes)).toMatchObject({ status: 200, body: { id: upload.id, state: 'attached' } });

    const { state, image } = (await stateOf(upload.id)) as { state: string; image: Image };
    expect(state).toBe('attached');
    expect(image).toMatchObject({ id: upload.id, alt: 'All teal', width: 1000, height: 500 });
    expect(image.sources.map(({ width }) => width)).toEqual([150, 400, 800, 1000]);
    const url = new URL(image.sources[1]!.webp);
    const reply = await w.souk.fetch(new Request(url));
    expect(reply.status).toBe(200);
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      'content-type': 'image/webp',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
    });
    const stored = Buffer.from(await reply.arrayBuffer());
    expect(await sharp(stored).metadata()).toMatchObject({ format: 'webp', width: 400, height: 200 });
    const part = await w.souk.fetch(new Request(url, { headers: { range: 'bytes=4-7' } }));
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 4-7/${stored.length}`]);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(stored.subarray(4, 8));
    for (const [range, bytes] of [
      ['bytes=9-', stored.subarray(9)],
      ['bytes=-5', stored.subarray(-5)],
    ] as const) {
      const end = await w.souk.fetch(new Request(url, { headers: { range } }));
      expect([end.status, Buffer.from(await end.arrayBuffer())], range).toEqual([206, bytes]);
    }
    const again = await w.souk.fetch(new Request(url, { headers: { 'if-none-match': reply.headers.get('etag')! } }));
    expect(again.status).toBe(304);
    const beyond = await w.souk.fetch(new Request(url, { headers: { range: `bytes=${stored.length}-` } }));
    expect([beyond.status, ((await beyond.json()) as { code: string }).code]).toEqual([416, 'range-not-satisfiable']);
  });

  test("is nobody's but its owner's until it is attached", async () => {
    const upload = await announce(await picture('red'));
    expect((await bob.get(`/v1/media/${upload.id}`)).status).toBe(404);
  });

  test('may be sent as a form', async () => {
    const bytes = await picture('green');
    const upload = await announce(bytes);
    const { id } = upload;
    expect(await sendForm(upload, bytes)).toMatchObject({ status: 200, body: { id, state: 'checking' } });
    await w.step();
    await w.ask('media', 'attach', { id });
    expect(await stateOf(id)).toMatchObject({ state: 'attached', image: { width: 640 } });
  });
});

describe('the address of a file that has come', () => {
  test('takes the same file again, and refuses another one, before and after it was checked', async () => {
    const [bytes, other] = [await picture('navy'), await picture('pink')];
    const twin = Buffer.from(bytes);
    twin[twin.length - 5]! ^= 1; // as many bytes, so the signature allows them
    const upload = await announce(bytes);
    const again = async (state: string) => {
      expect(await sendFile(w, upload, bytes)).toMatchObject({ status: 200, body: { state } });
      expect(await sendForm(upload, bytes)).toMatchObject({ status: 200, body: { state } });
      expect(await sendFile(w, upload, twin)).toBeProblem(409, 'media/other-file-arrived');
      expect(await sendForm(upload, twin)).toBeProblem(409, 'media/other-file-arrived');
    };
    await sendFile(w, upload, bytes);
    await again('checking');
    await w.step();
    await again('checking');
    await w.ask('media', 'attach', { id: upload.id });
    await again('attached');
    const broken = Buffer.from(other.subarray(0, other.length - 40));
    const bad = await announce(broken);
    await sendFile(w, bad, broken);
    await w.step();
    expect(await sendFile(w, bad, broken)).toMatchObject({ status: 200, body: { state: 'refused' } });
    broken[200]! ^= 1;
    expect(await sendFile(w, bad, broken)).toBeProblem(409, 'media/other-file-arrived');
  });

  /** Begins to send a file; the rest of it goes with `finish`. */
  const beginSending = async ({ id, upload }: Upload, bytes: Buffer) => {
    const { pathname, search } = new URL(upload.url);
    let finish = () => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.subarray(0, 100));
        finish = () => {
          controller.enqueue(bytes.subarray(100));
          controller.close();
        };
      },
    });
    const headers = { 'content-type': 'image/jpeg', 'content-length': String(bytes.length) };
    const reply = w.fetch(pathname + search, { method: 'PUT', headers, body, duplex: 'half' } as RequestInit);
    const isComing = async () => (await w.sql('select 1 from media.uploads where id = $1 and arriving_since is not null', [id])).length > 0;
    while (!(await isComing()));
    return { reply, finish };
  };

  test('leaves nothing in the store of another file that was on its way until the first was checked', async () => {
    const bytes = await picture('salmon');
    const twin = Buffer.from(bytes);
    twin[twin.length - 5]! ^= 1;
    const upload = await announce(bytes);
    const slow = await beginSending(upload, twin);
    await sendFile(w, upload, bytes);
    await w.step();
    slow.finish();
    expect(await slow.reply).toBeProblem(409, 'media/other-file-arrived');
    expect(await w.adapters.storage.look(`uploads/${upload.id}`)).toBeUndefined();
  });

  test('refuses a file that nobody waits for any more when it has come, and leaves nothing of it in the store', async () => {
    const bytes = await picture('plum');
    const upload = await announce(bytes);
    const slow = await beginSending(upload, bytes);
    await w.ask('media', 'discard', { ids: [upload.id], reason: 'another one is shown' });
    slow.finish();
    expect(await slow.reply).toBeProblem(409, 'media/upload-expired');
    expect(await w.adapters.storage.look(`uploads/${upload.id}`)).toBeUndefined();
  });

  test('has the first of those that come at once, and none of the others', async () => {
    const files = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        const bytes = Buffer.from(await picture('orchid'));
        bytes[bytes.length - 3 - n]! ^= 1;
        return bytes;
      }),
    );
    const upload = await announce(files[0]!);
    const replies = await Promise.all(files.map((bytes) => sendFile(w, upload, bytes)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(409)]);
    const first = replies.findIndex(({ status }) => status === 200);
    expect(await buffer(await w.adapters.storage.read(`uploads/${upload.id}`))).toEqual(files[first]);
  });
});

describe('a signature', () => {
  test('allows what was signed and nothing else', async () => {
    const bytes = await picture('blue');
    const mine = await announce(bytes);
    const other = await announce(bytes);
    const changed = (change: (url: URL) => void): Pick<Upload, 'upload'> => {
      const url = new URL(mine.upload.url);
      change(url);
      return { upload: { ...mine.upload, url: url.href } };
    };
    const query = (name: string, value: string) => changed((url) => url.searchParams.set(name, value));
    const refused: [string, Pick<Upload, 'upload'>, Buffer, object][] = [
      ['another key', changed((url) => Object.assign(url, { pathname: new URL(other.upload.url).pathname })), bytes, {}],
      ['another signature', query('X-Amz-Signature', '0'.repeat(64)), bytes, {}],
      ['no signature', changed((url) => url.searchParams.delete('X-Amz-Signature')), bytes, {}],
      ['a later end', query('X-Amz-Expires', '86400'), bytes, {}],
      ['fewer signed headers', query('X-Amz-SignedHeaders', 'host'), bytes, {}],
      ['another date', query('X-Amz-Date', '20300101T000000Z'), bytes, {}],
      ['something more', query('X-Amz-Acl', 'public-read'), bytes, {}],
      ['another type', mine, bytes, { 'content-type': 'image/png' }],
      ['another size', mine, bytes.subarray(1), {}],
      ['a header of S3 that was not signed', mine, bytes, { 'x-amz-acl': 'public-read' }],
      ['no size', mine, bytes, { 'content-length': '' }],
    ];
    for (const [what, upload, body, headers] of refused)
      expect(await sendFile(w, upload, body, headers), what).toBeProblem(403, 'media/upload-not-allowed');
    expect(await stateOf(mine.id)).toMatchObject({ state: 'awaiting_upload' });
    expect(await sendFile(w, mine, bytes, { 'content-type': 'text/html' })).toBeProblem(415, 'unsupported-media-type');
    const gone = await announce(bytes);
    await w.ask('media', 'discard', { ids: [gone.id], reason: 'nobody wants it' });
    expect(await sendFile(w, gone, bytes)).toBeProblem(409, 'media/upload-expired');
    expect(await sendForm(gone, bytes)).toBeProblem(409, 'media/upload-expired');
    const sam = await w.person('sam');
    const erased = await announceFor(w, sam, announcing(bytes));
    await w.ask('media', 'life.forget', { accountId: sam.id });
    for (const send of [sendFile(w, erased, bytes), sendForm(erased, bytes)]) expect(await send).toBeProblem(404, 'not-found');
    expect(await sendForm(mine, bytes.subarray(1))).toBeProblem(400, 'malformed');
    expect(await sendForm(mine, bytes, { key: other.form.fields.key! })).toBeProblem(403, 'media/upload-not-allowed');
    expect(await w.fetch('/v1/uploads', { method: 'POST', headers: { 'content-type': 'multipart/form-data' }, body: 'x' })).toBeProblem(
      400,
      'malformed',
    );
    const empty = { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: '--x--' };
    expect(await w.fetch('/v1/uploads', empty)).toBeProblem(400, 'malformed');
    expect(await stateOf(mine.id)).toMatchObject({ state: 'awaiting_upload' });
    w.clock.advance(15 * 60_000 + 1000);
    expect(await sendFile(w, mine, bytes)).toBeProblem(403, 'media/upload-not-allowed');
  });
});

describe('a form that is not whole', () => {
  const BOUNDARY = 'cut-here';
  const partsOf = (fields: [string, string][]) =>
    fields.map(([name, value]) => `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join('');
  const FILE = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\ncontent-type: image/jpeg\r\n\r\n`;
  const post = (...body: (string | Buffer)[]) =>
    w.fetch('/v1/uploads', {
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
      body: new Uint8Array(Buffer.concat(body.map((part) => Buffer.from(part)))),
    });

  test('is malformed wherever it was cut off, and nothing of it is stored', async () => {
    const bytes = await picture('crimson');
    const { id, form } = await announce(bytes);
    const fields = partsOf(Object.entries(form.fields));
    const cuts: [string, (string | Buffer)[]][] = [
      ['in the fields', [fields.slice(0, -40)]],
      ['after the fields', [fields]],
      ['at the head of the file', [fields, FILE]],
      ['in the file', [fields, FILE, bytes.subarray(0, 100)]],
      ['after the file', [fields, FILE, bytes]],
      ['in the last boundary', [fields, FILE, bytes, `\r\n--${BOUNDARY.slice(0, -2)}`]],
    ];
    for (const [where, body] of cuts) expect(await post(...body), where).toBeProblem(400, 'malformed');
    const unsigned = partsOf(Object.entries({ ...form.fields, key: 'uploads/other' }));
    expect([400, 403]).toContain((await post(unsigned, FILE, bytes.subarray(0, 100))).status);
    expect(await w.sql('select state from media.uploads where id = $1', [id])).toEqual([{ state: 'awaiting_upload' }]);
    expect(await w.adapters.storage.look(`uploads/${id}`)).toBeUndefined();
    expect((await post(fields, FILE, bytes, `\r\n--${BOUNDARY}--\r\n`)).status).toBe(200);
  });

  test('is malformed where it has a field twice', async () => {
    const bytes = await picture('khaki');
    const { form } = await announce(bytes);
    const fields = Object.entries(form.fields);
    for (const again of [
      ['key', form.fields.key!],
      ['KEY', 'uploads/other'],
    ] as [string, string][])
      expect(await post(partsOf([again, ...fields]), FILE, bytes, `\r\n--${BOUNDARY}--\r\n`)).toBeProblem(400, 'malformed');
  });
});
