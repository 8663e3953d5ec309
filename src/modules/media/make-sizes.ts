import sharp, { type Metadata, type Sharp } from 'sharp';
import type { Refusal } from '#media';
import { budget } from './budget.ts';
import { refusalOfEnd } from './image-end.ts';
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

const isTooLarge = (width: number, height: number): boolean => width > MOST_SIDE || height > MOST_SIDE || width * height > MOST_PIXELS;

/** Reads the header of an image, or says why the file is refused. The content decides, not the name. Nothing is decoded. */
export async function inspect(bytes: Buffer, announced: string | null): Promise<{ pixels: number } | { refusal: Refusal }> {
  if (bytes.length === 0) return { refusal: 'empty' };
  const type = typeOf(bytes);
  if (!type) return { refusal: 'not-an-image' };
  if (announced !== null && type !== announced && !(announced === 'image/jpg' && type === 'image/jpeg')) return { refusal: 'wrong-type' };
  const isPng = type === 'image/png' && bytes.length >= 24; // its decoder wants more than the header before it says a size
  if (isPng && isTooLarge(bytes.readUInt32BE(16), bytes.readUInt32BE(20))) return { refusal: 'too-many-pixels' };
  const {
    width = 0,
    height = 0,
    pages = 1,
  } = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => ({}) as Partial<Metadata>);
  if (width * height === 0) return { refusal: 'truncated' };
  if (isTooLarge(width, height)) return { refusal: 'too-many-pixels' };
  const refusal = pages > 1 ? 'animated' : refusalOfEnd(bytes, type);
  return refusal ? { refusal } : { pixels: width * height };
}

/** Pixels of all images that this process decodes at a time. Decoding takes up to 6 bytes for each. */
const decoding = budget(MOST_PIXELS);

/**
 * An image upright, without metadata, in all sizes that are not larger than itself. It is decoded once.
 * @returns undefined when its bytes cannot be decoded to their end.
 */
export async function makeSizes(bytes: Buffer, pixels: number): Promise<Sizes | undefined> {
  const largest = await decoding(pixels, () => decoded(bytes)).catch(() => undefined);
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

/** A private image may be so wide or high: letters of a document can be read then. */
const MOST_PRIVATE_SIDE = 4000;

/** One JPEG of an image, upright and without metadata. @returns undefined when its bytes cannot be decoded to their end */
export const makeUpright = (bytes: Buffer, pixels: number): Promise<Buffer | undefined> =>
  decoding(pixels, () =>
    sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' })
      .autoOrient()
      .resize({ width: MOST_PRIVATE_SIDE, height: MOST_PRIVATE_SIDE, fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .flatten({ background: 'white' })
      .jpeg({ quality: 90 })
      .toBuffer(),
  ).catch(() => undefined);

const decoded = (bytes: Buffer) =>
  sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' })
    .autoOrient()
    .resize(boxOf(WIDTHS.at(-1)!))
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });

/** An encoder of AVIF takes 40 MB for 1200 pixels of width: one at a time. */
const makingAvif = budget(1);

const boxOf = (width: number) => ({ width, height: width * MOST_HEIGHT, fit: 'inside', withoutEnlargement: true }) as const;

/**
 * AVIF with more effort than 0 takes five times as long for the same size (1200 pixels wide: 188 ms and 151 KB, with 1 965 ms and 152 KB,
 * with 4 28 s), WebP with 4 twice as long as with 2 for 2 % less, JPEG by mozjpeg thirty times as long for 21 % less.
 */
const encoded = (image: Sharp, format: Format): Promise<Buffer> => {
  if (format === 'avif') return makingAvif(1, () => image.avif({ quality: 50, effort: 0 }).toBuffer());
  if (format === 'webp') return image.webp({ quality: 78, effort: 2 }).toBuffer();
  return image.flatten({ background: 'white' }).jpeg({ quality: 80, progressive: true }).toBuffer();
};
