import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeAtEnd } from '../../../test/closing.ts';
import { testSettings } from '../../../test/settings.ts';
import { announcing, sendFile } from '../../../test/uploading.ts';
import { world } from '../../../test/world.ts';
import { noImageModeration } from './none.ts';
import { nsfwjs, type Screening } from './nsfwjs.ts';
import type { ImageModeration } from './port.ts';
import { nsfwjsIsHere } from './settings.ts';

const USUAL = { porn: 0.7, hentai: 0.7, sexy: 1 };

/** A field under a sky, with a sun. */
const landscape = (): Promise<Buffer> => {
  const [width, height] = [400, 300];
  const colorAt = (x: number, y: number) => {
    if (Math.hypot(x - 320, y - 60) < 25) return [255, 238, 136];
    return y < 180 ? [68 + y * 0.75, 136 + y * 0.6, 255] : [85, 153 - (y - 180) / 4, 68];
  };
  const colors = Array.from({ length: width * height }, (_, at) => colorAt(at % width, Math.floor(at / width))).flat();
  return sharp(Uint8Array.from(colors), { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
};

let field: Buffer;
beforeAll(async () => {
  field = await landscape();
});

const opened = (more: Partial<Screening> = {}): ImageModeration => {
  const moderation = nsfwjs({ limits: USUAL, ...more });
  closeAtEnd(() => moderation.close());
  return moderation;
};

if (!nsfwjsIsHere) console.info('Not run: nsfwjs. "npm run image-moderation" installs what it needs.');

describe.each([
  ['nobody', () => noImageModeration, true],
  ['nsfwjs', () => opened(), nsfwjsIsHere],
] as const)('images judged by %s', (_, open, isHere) => {
  test.runIf(isHere)('a landscape, also one in shades of gray, is allowed', async () => {
    const moderation = open();
    expect(await moderation.judge(field)).toBe('allowed');
    expect(await moderation.judge(await sharp(field).toColourspace('b-w').jpeg().toBuffer())).toBe('allowed');
  });
});

test.runIf(!nsfwjsIsHere)('without its packages, an operator who wants nsfwjs is told how it is installed', () => {
  expect(() => testSettings({ IMAGE_MODERATION: 'nsfwjs' })).toThrow('npm run image-moderation');
});

describe.runIf(nsfwjsIsHere)('nsfwjs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'souk-screening-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The real worker, but the first of them does something else. */
  const firstDoes = (name: string, code: string): URL => {
    const mark = JSON.stringify(join(folder, `${name}.mark`));
    const file = join(folder, `${name}.mjs`);
    const real = JSON.stringify(new URL('./nsfwjs/worker.js', import.meta.url).href);
    writeFileSync(
      file,
      `import { existsSync, writeFileSync } from 'node:fs';
      if (existsSync(${mark})) await import(${real});
      else { writeFileSync(${mark}, ''); ${code} }`,
    );
    return pathToFileURL(file);
  };

  test('an image that looks more than it may like one of the kinds is refused', async () => {
    for (const kind of ['porn', 'hentai', 'sexy']) {
      expect(await opened({ limits: { ...USUAL, [kind]: 0 } }).judge(field)).toBe('refused');
    }
  });

  test.each([
    ['ends', 'process.exit(1)'],
    ['fails', "throw new Error('No model.')"],
    ['takes all memory it may have', 'const all = []; for (;;) all.push(new Array(100_000).fill({}))'],
    ['says nothing any more', 'for (;;);'],
  ])(
    'a worker that %s gives no answer, rests, and another one judges the image',
    async (name, code) => {
      const moderation = opened({ script: firstDoes(name, code), timeLimitMs: 5000, restMs: 200, heapMb: 128 });
      await expect(moderation.judge(field)).rejects.toThrow('could not be screened');
      await expect(moderation.judge(field)).rejects.toThrow('starts again later');
      await expect.poll(() => moderation.judge(field).catch(() => 'no answer'), { timeout: 20_000 }).toBe('allowed');
    },
    40_000,
  );

  test('more images than may wait are not taken, and those that wait are all judged', async () => {
    const moderation = opened();
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => moderation.judge(field)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(16);
  }, 60_000);

  test('the process goes on answering while images are screened', async () => {
    const moderation = opened();
    await moderation.judge(field);
    const before = performance.eventLoopUtilization();
    for (let image = 0; image < 5; image++) await moderation.judge(field);
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
  }, 30_000);

  test('a picture that it refuses is never shown, and its owner is told why', async () => {
    const w = await world({ env: { IMAGE_MODERATION: 'nsfwjs', NSFWJS_PORN: '0' } });
    const bob = await w.person('bob');
    const { body: upload } = await bob.post('/v1/users/profile/picture', announcing(field));
    await sendFile(w, upload, field);
    await w.step();
    expect((await bob.get(`/v1/media/${upload.id}`)).body).toMatchObject({ state: 'refused', reason: 'inappropriate' });
    expect((await w.get(`/v1/users/${bob.id}/profile`)).body.picture).toBeNull();
  }, 30_000);
});
