import { promisify } from 'node:util';
import { constants, inflate } from 'node:zlib';
import type { Refusal } from '#media';

const inflated = promisify(inflate);

/** What is looked into at most. Documents of a few pages have some hundred streams, and less than 5 MB of compressed objects. */
const MOST_INFLATED_BYTES = 64 * 1024 * 1024;
const MOST_STREAMS = 2000;
const MOST_DICTIONARY_BYTES = 16 * 1024;
/** What may follow the last mark of the end: line ends, and what fills up. */
const MOST_BEHIND = 1024;

/**
 * What makes a document act by itself or hold other files: ISO 32000-2, 12.6.4 (actions), 7.11.4 (embedded files), 13 (media), XFA forms.
 * `Encrypt`: nobody could look into it, and its readers could not open it.
 */
const ACTIVE =
  /\/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia(?:Content)?|Rendition|SubmitForm|ImportData|GoToE|XFA|Encrypt)(?=[\s/<>[\]()%\0]|$)/;
const HOLDS_OBJECTS = /\/(?:ObjStm|First)(?=[\s/<>[\]()%]|$)/;
const OBJECT_STREAM = /\/ObjStm(?=[\s/<>[\]()%\0]|$)/g;
const HAS_FILTER = /\/F(?:ilter)?(?=[\s/<>[\]()%]|$)/;
const IS_DEFLATED = /\/Filter ?\[? ?\/FlateDecode ?\]? ?(?:\/|>>)/;

const NO_DIGIT = 16;
/** What each byte is worth as a hexadecimal digit. */
const DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? NO_DIGIT : digit;
});

/** Names may be written with `#` and two hexadecimal digits for any letter. */
function unescaped(bytes: Buffer): string {
  if (!bytes.includes('#')) return bytes.toString('latin1');
  const plain = Buffer.allocUnsafe(bytes.length);
  let size = 0;
  for (let at = 0; at < bytes.length; at++) {
    const high = bytes[at] === 0x23 && at + 2 < bytes.length ? DIGITS[bytes[at + 1]!]! : NO_DIGIT;
    const low = high === NO_DIGIT ? NO_DIGIT : DIGITS[bytes[at + 2]!]!;
    const isLetter = low !== NO_DIGIT;
    plain[size++] = isLetter ? high * 16 + low : bytes[at]!;
    if (isLetter) at += 2;
  }
  return plain.toString('latin1', 0, size);
}

const isActive = (bytes: Buffer): boolean => ACTIVE.test(unescaped(bytes));
const objectStreamsIn = (bytes: Buffer): number => unescaped(bytes).match(OBJECT_STREAM)?.length ?? 0;

/**
 * Why a file is no PDF that is taken: by its header, its end, and a bounded look for what would act by itself. It is a look and not a
 * parser: documents must still be shown where they can do nothing.
 */
export async function refusalOfDocument(bytes: Buffer): Promise<Refusal | undefined> {
  if (!/^%PDF-[12]\.\d/.test(bytes.toString('latin1', 0, 8))) return 'not-a-document';
  const end = bytes.lastIndexOf('%%EOF');
  if (end < 0 || bytes.lastIndexOf('startxref', end) < 0) return 'truncated';
  const behind = bytes.subarray(end + 5);
  if (behind.length > MOST_BEHIND || /[^\s\0]/.test(behind.toString('latin1'))) return 'trailing-data';
  return isActive(bytes) || (await hidesSomething(bytes)) ? 'active-content' : undefined;
}

/** Whether the compressed objects of a document hold something active, or cannot be looked into. */
async function hidesSomething(bytes: Buffer): Promise<boolean> {
  let left = MOST_INFLATED_BYTES;
  let words = 0;
  let named = 0;
  let namedUntil = 0;
  for (let at = bytes.indexOf('stream'); at >= 0; at = bytes.indexOf('stream', at + 6)) {
    if (++words > 2 * MOST_STREAMS) return true;
    if (isEnd(bytes, at)) continue;
    const begin = beginOfDictionary(bytes, at);
    const dictionary = unescaped(bytes.subarray(begin, at)).replace(/\s+/g, ' ');
    if (!HOLDS_OBJECTS.test(dictionary) || !HAS_FILTER.test(dictionary)) continue; // what is not compressed was looked at
    if (!IS_DEFLATED.test(dictionary) || dictionary.includes('/DecodeParms')) return true;
    const content = bytes.subarray(at + (bytes[at + 6] === 0x0d ? 8 : 7));
    const objects = await inflated(content, { maxOutputLength: left, finishFlush: constants.Z_SYNC_FLUSH }).catch(() => undefined);
    if (!objects || isActive(objects)) return true;
    left -= objects.length;
    if (left <= 0) return true;
    named += objectStreamsIn(bytes.subarray(Math.max(begin, namedUntil), at));
    namedUntil = at;
  }
  return named < objectStreamsIn(bytes); // one is somewhere else than in a dictionary that was found
}

const isEnd = (bytes: Buffer, at: number): boolean => bytes[at - 3] === 0x65 && bytes[at - 2] === 0x6e && bytes[at - 1] === 0x64;

/** Where what came before the dictionary of a stream has ended, or as far back as is looked. */
function beginOfDictionary(bytes: Buffer, at: number): number {
  const start = Math.max(0, at - MOST_DICTIONARY_BYTES);
  const before = bytes.subarray(start, at);
  return start + Math.max(0, ...['endobj', 'endstream', '%%EOF'].map((mark) => before.lastIndexOf(mark)));
}
