import { promisify } from 'node:util';
import { constants, inflate } from 'node:zlib';
import type { Refusal } from '#media';

const inflated = promisify(inflate);

/** What is looked into at most. Documents of a few pages have some hundred streams, and less than 5 MB of compressed objects. */
const MOST_INFLATED_BYTES = 64 * 1024 * 1024;
const MOST_STREAMS = 2000;
const MOST_DICTIONARY_BYTES = 4096;
/** What may follow the last mark of the end: line ends, and what fills up. */
const MOST_BEHIND = 1024;

/**
 * What makes a document act by itself or hold other files: ISO 32000-2, 12.6.4 (actions), 7.11.4 (embedded files), 13 (media), XFA forms.
 * `Encrypt`: nobody could look into it, and whoever it is for could not open it.
 */
const ACTIVE =
  /\/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia(?:Content)?|Rendition|SubmitForm|ImportData|GoToE|XFA|Encrypt)(?=[\s/<>[\]()%\0]|$)/;
const HOLDS_OBJECTS = /\/(?:ObjStm|First)(?=[\s/<>[\]()%]|$)/;
const HAS_FILTER = /\/F(?:ilter)?(?=[\s/<>[\]()%]|$)/;
const IS_DEFLATED = /\/Filter ?\[? ?\/FlateDecode ?\]? ?(?:\/|>>)/;

const digitOf = (digit: number): number => Number.parseInt(String.fromCharCode(digit), 16);

/** Names may be written with `#` and two hexadecimal digits for any letter. */
function unescaped(bytes: Buffer): string {
  if (!bytes.includes('#')) return bytes.toString('latin1');
  const plain = Buffer.allocUnsafe(bytes.length);
  let size = 0;
  for (let at = 0; at < bytes.length; at++) {
    const isEscape = bytes[at] === 0x23 && at + 2 < bytes.length;
    const letter = isEscape ? digitOf(bytes[at + 1]!) * 16 + digitOf(bytes[at + 2]!) : Number.NaN;
    plain[size++] = Number.isNaN(letter) ? bytes[at]! : letter;
    if (!Number.isNaN(letter)) at += 2;
  }
  return plain.toString('latin1', 0, size);
}

const isActive = (bytes: Buffer): boolean => ACTIVE.test(unescaped(bytes));

/**
 * Why a file is no PDF that is taken: by its header, its end, and a bounded look for what would act by itself. It is a look and not a
 * parser: whoever shows documents still shows them where they can do nothing.
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
  let streams = 0;
  for (let at = bytes.indexOf('stream'); at >= 0; at = bytes.indexOf('stream', at + 6)) {
    if (bytes.toString('latin1', at - 3, at) === 'end') continue;
    if (++streams > MOST_STREAMS) return true;
    const dictionary = dictionaryBefore(bytes, at);
    if (!HOLDS_OBJECTS.test(dictionary) || !HAS_FILTER.test(dictionary)) continue; // what is not compressed was looked at
    if (!IS_DEFLATED.test(dictionary) || dictionary.includes('/DecodeParms')) return true;
    const content = bytes.subarray(at + (bytes[at + 6] === 0x0d ? 8 : 7));
    const objects = await inflated(content, { maxOutputLength: left, finishFlush: constants.Z_SYNC_FLUSH }).catch(() => undefined);
    if (!objects || isActive(objects)) return true;
    left -= objects.length;
    if (left <= 0) return true;
  }
  return false;
}

function dictionaryBefore(bytes: Buffer, at: number): string {
  const before = bytes.subarray(Math.max(0, at - MOST_DICTIONARY_BYTES), at);
  return unescaped(before.subarray(Math.max(0, before.lastIndexOf('obj')))).replace(/\s+/g, ' ');
}
