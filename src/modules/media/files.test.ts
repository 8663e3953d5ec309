import { randomBytes } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { announceFor, announcing, nobodyTakesImages, sendFile } from '../../../test/uploading.ts';
import { type Person, type World, world } from '../../../test/world.ts';
import { newId } from '../../kernel/ids.ts';
import type { Image } from './contract.ts';

let w: World;
let sue: Person;

beforeAll(async () => {
  w = await world({ modules: nobodyTakesImages });
  sue = await w.person('sue');
});

const announce = (bytes: Buffer, more: object = {}) => announceFor(w, sue, announcing(bytes, more));

/** Sends files, and says how each ended. */
async function outcomes(files: readonly { bytes: Buffer; contentType: string }[]) {
  const uploads = await Promise.all(
    files.map(({ bytes, contentType }) => announce(bytes, { contentType, sizeBytes: Math.max(1, bytes.length) })),
  );
  await Promise.all(uploads.map((upload, n) => sendFile(w, upload, files[n]!.bytes)));
  await w.step();
  for (const { id } of uploads) await w.ask('media', 'attach', { id });
  return Promise.all(
    uploads.map(
      async ({ id }) => (await sue.get(`/v1/media/${id}`)).body as { state: string; reason: string; explanation: string; image: Image },
    ),
  );
}

const noise = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 40 } } });
const stored = async (url: string): Promise<Buffer> => Buffer.from(await (await w.souk.fetch(new Request(url))).arrayBuffer());
const filesOf = ({ sources }: Image): string[] => sources.flatMap(({ avif, webp, jpeg }) => [avif, webp, jpeg]);

const chunk = (type: string, content: Buffer): Buffer => {
  const named = Buffer.concat([Buffer.from(type), content]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(content.length);
  frame.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
};

/** A white PNG of one bit for each pixel: one colour compresses a thousand times. Without `rows`, it only says that it has so many pixels. */
function png(width: number, height: number, rows = 0): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const pixels = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * rows));
  const parts = [chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]);
}

describe('a file that cannot be shown as an image gets a refusal that says why', () => {
  test('with the reason and a sentence', async () => {
    const photo = noise(600, 400);
    const [jpeg, ping, webp, avif, gif] = await Promise.all([
      photo.clone().jpeg().toBuffer(),
      photo.clone().png().toBuffer(),
      photo.clone().webp().toBuffer(),
      photo.clone().avif().toBuffer(),
      photo.clone().gif().toBuffer(),
    ]);
    const frame = { create: { width: 40, height: 40, channels: 3, background: 'red' } } as const;
    const frames = await sharp([frame, { ...frame, create: { ...frame.create, background: 'blue' } }] as never, {
      join: { animated: true },
    });
    const page = Buffer.from('<ScRiPt>alert(1)</sCrIpT>');
    const behind = (bytes: Buffer, more: Buffer = page) => Buffer.concat([bytes, more]);
    const zip = Buffer.from(`PK\u0003\u0004${'x'.repeat(60)}PK\u0001\u0002${'x'.repeat(42)}PK\u0005\u0006${'\0'.repeat(18)}`, 'latin1');
    const moving = Buffer.concat([ping.subarray(0, 33), chunk('acTL', Buffer.from('0000000200000000', 'hex')), ping.subarray(33)]);
    const half = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1);
    const svg = Buffer.from(
      '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>',
    );
    const cases: [what: string, contentType: string, bytes: Buffer, reason: string][] = [
      ['a JPEG that is called PNG', 'image/png', jpeg, 'wrong-type'],
      ['an SVG with a script', 'image/png', svg, 'not-an-image'],
      ['a page', 'image/jpeg', Buffer.from('<!doctype html><script>alert(1)</script>'), 'not-an-image'],
      ['a script that begins as a GIF', 'image/gif', Buffer.from('GIF89a/*xxxxxxxxxxxxxxxxxxxxxxxxx*/=1;alert(1)//'), 'truncated'],
      ['50,000 x 50,000 pixels', 'image/png', png(50_000, 50_000), 'too-many-pixels'],
      ['a bomb of 8,000 x 8,000 pixels in a few bytes', 'image/png', png(8000, 8000, 8000), 'too-many-pixels'],
      ['the header of such a file', 'image/png', png(50_000, 50_000).subarray(0, 40), 'too-many-pixels'],
      ['a strip of 1 x 60,000', 'image/png', png(1, 60_000), 'too-many-pixels'],
      ['half a JPEG', 'image/jpeg', half(jpeg), 'truncated'],
      ['half a PNG', 'image/png', half(ping), 'truncated'],
      ['half a WebP', 'image/webp', half(webp), 'truncated'],
      ['half an AVIF', 'image/avif', half(avif), 'truncated'],
      ['half a GIF', 'image/gif', half(gif), 'truncated'],
      ['the beginning of a JPEG', 'image/jpeg', jpeg.subarray(0, 20), 'truncated'],
      ['a GIF that moves', 'image/gif', await frames.clone().gif().toBuffer(), 'animated'],
      ['a PNG that moves', 'image/png', moving, 'animated'],
      ['a PNG without its end', 'image/png', ping.subarray(0, -12), 'truncated'],
      ['a GIF without its end', 'image/gif', gif.subarray(0, -1), 'truncated'],
      ['a page behind a JPEG', 'image/jpeg', behind(jpeg), 'trailing-data'],
      ['a page behind a PNG', 'image/png', behind(ping), 'trailing-data'],
      ['a page behind a GIF', 'image/gif', behind(gif), 'trailing-data'],
      ['a page behind a WebP', 'image/webp', behind(webp), 'trailing-data'],
      ['a page behind an AVIF', 'image/avif', behind(avif), 'trailing-data'],
      ['an archive behind a JPEG', 'image/jpeg', behind(jpeg, zip), 'trailing-data'],
      ['an archive behind zeros', 'image/jpeg', behind(behind(jpeg, Buffer.alloc(99)), zip), 'trailing-data'],
      ['a document behind a PNG', 'image/png', behind(ping, Buffer.from('%PDF-1.7')), 'trailing-data'],
      ['a WebP that moves', 'image/webp', await frames.clone().webp().toBuffer(), 'animated'],
    ];
    const ends = await outcomes(cases.map(([, contentType, bytes]) => ({ contentType, bytes })));
    expect(ends.map(({ state, reason }, n) => [cases[n]![0], state, reason])).toEqual(
      cases.map(([what, , , reason]) => [what, 'refused', reason]),
    );
    for (const { explanation, image } of ends) expect([explanation.endsWith('.'), image]).toEqual([true, null]);
    expect(await w.sql('select hash from media.images')).toEqual([]);
    expect(await w.adapters.storage.list('')).toEqual([]);
  });

  test('at once where it is empty, or larger than images may be', async () => {
    const key = { key: newId(), ownerId: sue.id, purpose: 'product-image', subjectId: newId() };
    for (const sizeBytes of [0, 20 * 1024 * 1024 + 1, 1.5])
      await expect(w.ask('media', 'announce', { ...key, ...announcing(Buffer.alloc(1)), sizeBytes })).rejects.toThrow();
    await expect(w.ask('media', 'announce', { ...key, ...announcing(Buffer.alloc(1)), contentType: 'image/svg+xml' })).rejects.toThrow();
  });
});

describe('an image comes out clean', () => {
  const GPS = {
    IFD0: { Copyright: 'souk-secret-owner', ImageDescription: 'souk-secret-place' },
    IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '36/1 48/1 0/1' },
  };

  test('without metadata and without what was hidden behind it, in the stored bytes', async () => {
    const laden = await noise(500, 300)
      .withExif(GPS)
      .withXmp('<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/">souk-secret-xmp</x:xmpmeta>')
      .jpeg()
      .toBuffer();
    const film = Buffer.concat([Buffer.from('0000001c667479706d703432', 'hex'), randomBytes(200_000)]);
    const ofTelephone = Buffer.concat([laden, laden, film, Buffer.from('souk-secret-note SEFT'), Buffer.alloc(100)]);
    expect(laden.includes('souk-secret-place')).toBe(true);
    const [plain, hidden] = await outcomes([laden, ofTelephone].map((bytes) => ({ bytes, contentType: 'image/jpeg' })));
    for (const { state, image } of [plain!, hidden!]) {
      expect(state).toBe('attached');
      for (const url of filesOf(image)) {
        const bytes = await stored(url);
        expect(bytes.includes('souk-secret'), url).toBe(false);
        const { exif, xmp, iptc, icc, orientation } = await sharp(bytes).metadata();
        expect([exif, xmp, iptc, icc, orientation], url).toEqual([undefined, undefined, undefined, undefined, undefined]);
      }
    }
    expect(await w.adapters.storage.list('uploads/')).toEqual([]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('upright, where its camera was held as orientation %i', async (orientation) => {
    const upright = await sharp({ create: { width: 64, height: 32, channels: 3, background: 'white' } })
      .composite([{ input: { create: { width: 16, height: 8, channels: 3, background: 'red' } }, left: 0, top: 0 }])
      .png()
      .toBuffer();
    const held = await sharp(await heldAs(upright, orientation))
      .withMetadata({ orientation })
      .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const [{ image }] = (await outcomes([{ bytes: held, contentType: 'image/jpeg' }])) as unknown as [{ image: Image }];
    expect([image.width, image.height]).toEqual([64, 32]);
    const { data } = await sharp(await stored(image.url))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const redAt = (x: number, y: number) => data[(y * 64 + x) * 3]! > 200 && data[(y * 64 + x) * 3 + 1]! < 90;
    expect([redAt(6, 3), redAt(58, 3), redAt(6, 28), redAt(58, 28)]).toEqual([true, false, false, false]);
  });

  test('as AVIF, WebP and JPEG of 150, 400, 800 and 1200 pixels, and never enlarged', async () => {
    const of = async (width: number, height: number) => ({
      bytes: await noise(width, height).jpeg().toBuffer(),
      contentType: 'image/jpeg',
    });
    const [large, small, high] = await outcomes(await Promise.all([of(1600, 800), of(90, 90), of(300, 3000)]));
    expect(large!.image.sources.map(({ width }) => width)).toEqual([150, 400, 800, 1200]);
    expect(small!.image.sources.map(({ width }) => width)).toEqual([90]);
    expect([high!.image.width, high!.image.height]).toEqual([300, 3000]);
    const found = await Promise.all(
      large!.image.sources.map(async ({ avif, webp, jpeg }) =>
        Promise.all([avif, webp, jpeg].map(async (url) => sharp(await stored(url)).metadata())),
      ),
    );
    expect(found.map((formats) => formats.map(({ format, width, height }) => `${format} ${width}x${height}`))).toEqual(
      ['150x75', '400x200', '800x400', '1200x600'].map((size) => [`heif ${size}`, `webp ${size}`, `jpeg ${size}`]),
    );
  });

  test('also with transparency, in grey, and with four inks', async () => {
    const clear = await sharp({ create: { width: 200, height: 100, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } })
      .png()
      .toBuffer();
    const grey = await noise(200, 100).greyscale().png().toBuffer();
    const inks = await noise(200, 100).toColourspace('cmyk').jpeg().toBuffer();
    const ends = await outcomes([
      { bytes: clear, contentType: 'image/png' },
      { bytes: grey, contentType: 'image/png' },
      { bytes: inks, contentType: 'image/jpeg' },
    ]);
    for (const { state } of ends) expect(state).toBe('attached');
    const { data } = await sharp(await stored(ends[0]!.image.url))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
  });
});

/** What a camera stores that is held so: orienting it makes the upright image again. */
function heldAs(upright: Buffer, orientation: number): Promise<Buffer> {
  const image = sharp(upright);
  const ways: Record<number, () => Sharp> = {
    1: () => image,
    2: () => image.flop(),
    3: () => image.rotate(180),
    4: () => image.flip(),
    5: () => image.rotate(90),
    6: () => image.rotate(270),
    7: () => image.rotate(270),
    8: () => image.rotate(90),
  };
  const turned = ways[orientation]!().png().toBuffer();
  return [5, 7].includes(orientation) ? turned.then((bytes) => sharp(bytes).flop().png().toBuffer()) : turned;
}

test('wherever the work on an image is cut off, nobody is told of a half-made one, and it is made all the same', async () => {
  const { storage } = w.adapters;
  const real = { ...storage };
  const steps = ['read', 'write', 'remove'] as const;
  let left = 0;
  const seen: string[] = [];
  for (const step of steps)
    Object.assign(storage, {
      [step]: async (...given: never[]) => {
        if (--left === 0) {
          const told = await w.sql<{ n: number }>(`select count(*)::int as n from kernel.outbox where name like 'media.image-ready%'`);
          seen.push(`${step}: ${told[0]!.n}`);
          throw new Error(`cut off at ${step}`);
        }
        return (real[step] as (...all: never[]) => unknown)(...given);
      },
    });
  const ends: string[] = [];
  for (let at = 1; at <= 5; at++) {
    const bytes = await noise(100, 60 + at)
      .jpeg()
      .toBuffer();
    const upload = await announce(bytes);
    await sendFile(w, upload, bytes);
    left = at;
    await w.step();
    const [row] = await w.sql<{ state: string; image_hash: string }>('select state, image_hash from media.uploads where id = $1', [
      upload.id,
    ]);
    ends.push(`${row!.state} ${(await real.list(`media/${row!.image_hash}/`)).length}`);
  }
  Object.assign(storage, real);
  expect(seen).toEqual(['read: 0', 'write: 0', 'write: 0', 'write: 0', 'remove: 1']);
  expect(ends).toEqual(Array(5).fill('ready 3'));
});
