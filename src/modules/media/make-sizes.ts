import sharp, { type Sharp } from 'sharp';
import type { Refusal } from '#media';
import { FORMATS, type Format } from './stored-image.ts';

/** Changes with what is made of an image, so that other bytes get other addresses. */
export const PIPELINE_VERSION = 1;

const WIDTHS = [150, 400, 800, 1200];
/** How many times as high as wide a size may be; a higher image is made narrower. */
const MOST_HEIGHT = 4;
const MOST_PIXELS = 50_000_000;
const MOST_SIDE = 16_000;

sharp.concurrency(1); // jobs run side by side; one image has one thread
sharp.cache(false);
// No loader but these five, whatever a file says of itself.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadHeifBuffer',
    'VipsForeignLoadNsgifBuffer',
  ],
});

/** One size in one format. */
export interface SizeFile {
  readonly width: number;
  readonly format: Format;
  readonly bytes: Uint8Array;
}

export interface Sizes {
  readonly width: number;
  readonly height: number;
  readonly widths: number[];
  readonly files: readonly SizeFile[];
}

/** Where a type can be told by the first bytes. */
const BEGINNINGS: readonly (readonly [type: string, at: number, bytes: string])[] = [
  ['image/jpeg', 0, 'ffd8ff'],
  ['image/png', 0, '89504e470d0a1a0a'],
  ['image/gif', 0, '47494638'],
  ['image/webp', 8, '57454250'],
  ['image/avif', 4, '6674797061766966'],
  ['image/avif', 4, '6674797061766973'],
];

const typeOf = (bytes: Buffer): string | undefined =>
  BEGINNINGS.find(([, at, hex]) => bytes.subarray(at, at + hex.length / 2).toString('hex') === hex)?.[0];

/** Why a file is not taken, by what it is and not by what it is called; undefined when its header is that of an image. Decodes nothing. */
export async function refusalOf(bytes: Buffer, announced: string | null): Promise<Refusal | undefined> {
  if (bytes.length === 0) return 'empty';
  const type = typeOf(bytes);
  if (!type) return 'not-an-image';
  if (announced !== null && type !== announced) return 'wrong-type';
  const found = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => undefined);
  if (!found?.width || !found.height) return 'truncated';
  if (found.width > MOST_SIDE || found.height > MOST_SIDE || found.width * found.height > MOST_PIXELS) return 'too-many-pixels';
  if ((found.pages ?? 1) > 1) return 'animated';
  return undefined;
}

/**
 * An image upright, without metadata, in all sizes that are not larger than itself.
 * @returns undefined when its bytes cannot be decoded to their end.
 */
export async function makeSizes(bytes: Buffer): Promise<Sizes | undefined> {
  const largest = await sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' })
    .autoOrient()
    .resize(boxOf(WIDTHS.at(-1)!))
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch(() => undefined);
  if (!largest) return undefined;
  const { data, info } = largest;
  const { width, height, channels } = info;
  const widths = [...new Set([...WIDTHS.filter((size) => size < width), width])];
  const files: SizeFile[] = [];
  for (const size of widths) {
    const scaled = sharp(data, { raw: { width, height, channels } }).resize(boxOf(size));
    for (const format of Object.keys(FORMATS) as Format[])
      files.push({ width: size, format, bytes: await encoded(scaled.clone(), format) });
  }
  return { width, height, widths, files };
}

const boxOf = (width: number) => ({ width, height: width * MOST_HEIGHT, fit: 'inside', withoutEnlargement: true }) as const;

const encoded = (image: Sharp, format: Format): Promise<Buffer> => {
  if (format === 'avif') return image.avif({ quality: 50, effort: 2 }).toBuffer();
  if (format === 'webp') return image.webp({ quality: 78, effort: 4 }).toBuffer();
  return image.flatten({ background: 'white' }).jpeg({ quality: 80, mozjpeg: true }).toBuffer();
};
