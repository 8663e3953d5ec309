import type { Refusal } from '#media';

/** The position in the file at which the image ends. `undefined`: it is not known, and the decoder judges. */
type End = number | undefined | { refusal: Refusal };
type Walk = (bytes: Buffer) => End;

const TRUNCATED = { refusal: 'truncated' } as const;

/** https://www.w3.org/TR/png-3/#5Chunk-layout: a length, a name, the content, a sum. `acTL` before the pixels makes it move. */
function pngEnd(bytes: Buffer): End {
  let hasPixels = false;
  for (let at = 8; at + 12 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const name = bytes.toString('latin1', at + 4, at + 8);
    if (name === 'acTL' && !hasPixels) return { refusal: 'animated' };
    if (name === 'IDAT') hasPixels = true;
    if (name === 'IEND') return at + 12 + bytes.readUInt32BE(at);
  }
  return TRUNCATED;
}

/** The size in bytes of the table of colours that these flags announce. */
const coloursOf = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);

/** https://www.w3.org/Graphics/GIF/spec-gif89a.txt: blocks of sub-blocks, each with its length, then a trailer. */
function gifEnd(bytes: Buffer): End {
  let at = 13 + coloursOf(bytes[10] ?? 0);
  while (at < bytes.length) {
    const kind = bytes[at];
    if (kind === 0x3b) return at + 1;
    if (kind === 0)
      at += 1; // some programs fill up with zeros between blocks
    else if (kind === 0x21) at = afterSubBlocks(bytes, at + 2);
    else if (kind === 0x2c) at = afterSubBlocks(bytes, at + 11 + coloursOf(bytes[at + 9] ?? 0));
    else return TRUNCATED;
  }
  return TRUNCATED;
}

function afterSubBlocks(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== 0) at += 1 + bytes[at]!;
  return at + 1;
}

/** https://www.w3.org/Graphics/JPEG/itu-t81.pdf, B.1: segments with their lengths; after a scan begins, pixels until the next marker. */
function jpegEnd(bytes: Buffer): End {
  let at = 2;
  while (at + 1 < bytes.length) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff || marker === 0xff) at = bytes.indexOf(0xff, at + 1);
    else if (marker === 0xd9) return at + 2;
    else if (marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) at = bytes.indexOf(0xff, at + 2);
    else if (at + 4 > bytes.length) return undefined;
    else at = at + 2 + bytes.readUInt16BE(at + 2);
    if (at < 0) return undefined;
  }
  return undefined;
}

/** https://developers.google.com/speed/webp/docs/riff_container: the length stands after `RIFF`. */
const webpEnd = (bytes: Buffer): End => 8 + bytes.readUInt32LE(4) + (bytes.readUInt32LE(4) & 1);

/** ISO/IEC 14496-12: boxes, each with its length and its name. 1 means a longer length, 0 the rest of the file. */
function avifEnd(bytes: Buffer): End {
  let at = 0;
  while (at + 16 <= bytes.length) {
    const short = bytes.readUInt32BE(at);
    if (short === 0) return undefined;
    const length = short === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : short;
    if (length < 8 || at + length > bytes.length) return at;
    at += length;
  }
  return at;
}

const WALKS: Readonly<Record<string, Walk>> = {
  'image/png': pngEnd,
  'image/gif': gifEnd,
  'image/jpeg': jpegEnd,
  'image/webp': webpEnd,
  'image/avif': avifEnd,
};

/**
 * What makes a file something else than its image as well, for programs that look for it: a page or a script, a document, an archive.
 * Telephones append films, depth and their own notes to photos, so not all that follows is refused. The words are long enough that
 * films do not hold them by chance.
 */
const MARKUP = /<(?:script|iframe|object|html|body|svg)[\s/>]|<!doctype|<\?php|%pdf-/i;
const ARCHIVES = ['Rar!\u001a\u0007', '7z\u00bc\u00af\u0027\u001c'];
const ZIP = ['PK\u0003\u0004', 'PK\u0005\u0006'] as const;

const isOther = (tail: string): boolean =>
  MARKUP.test(tail) || tail.startsWith(ZIP[0]) || ARCHIVES.some((mark) => tail.includes(mark)) || ZIP.every((mark) => tail.includes(mark));

/** Why a file that begins like an image is refused: it is animated, has no end, or contains something else after its end. Nothing is decoded. */
export function refusalOfEnd(bytes: Buffer, type: string): Refusal | undefined {
  const end = WALKS[type]!(bytes);
  if (typeof end === 'object') return end.refusal;
  if (end === undefined || end >= bytes.length) return undefined;
  return isOther(bytes.toString('latin1', end)) ? 'trailing-data' : undefined;
}
