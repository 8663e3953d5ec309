import { clientGone, invalid, malformed, tooLarge, unsupportedMedia } from './problems.ts';
import { decodeForm } from './read-query.ts';

export const BODY_LIMIT_BYTES = 256 * 1024;
/** Fields and elements of one body, at all depths. The largest that any call takes has about 2,000. */
const VALUES_LIMIT = 5000;

/** Strict: bytes that are not UTF-8 are refused, not replaced, or two passwords would become one. A byte order mark is passed over. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * What a request says in its body: JSON in UTF-8, or a form where one is allowed; an empty object when it says nothing.
 * With `isAlwaysJson` the content type is not looked at: clients of other APIs send JSON under any name, or none.
 * @throws unsupportedMedia, tooLarge, malformed, invalid (repeated names, too many values), clientGone
 */
export async function readBody(request: Request, formAllowed: boolean | 'multipart', isAlwaysJson = false): Promise<unknown> {
  const expected = formAllowed ? 'application/json or application/x-www-form-urlencoded' : 'application/json';
  const coding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (coding !== 'identity' && coding !== '') throw unsupportedMedia({ expected: `${expected}, not compressed` });
  const bytes = await bytesOf(request, BODY_LIMIT_BYTES);
  if (bytes.length === 0) return {};
  const { type, charset } = mediaTypeOf(isAlwaysJson ? 'application/json' : (request.headers.get('content-type') ?? ''));
  const isForm = formAllowed && type === 'application/x-www-form-urlencoded';
  if (formAllowed === 'multipart' && type === 'multipart/form-data') return fieldsOf(bytes, request.headers.get('content-type')!);
  if (!isForm && !/^application\/([\w.+-]+\+)?json$/.test(type)) throw unsupportedMedia({ expected });
  if (charset !== 'utf-8') throw unsupportedMedia({ expected: `${expected} in UTF-8` });
  const text = decode(bytes);
  if (isForm) return decodeForm(text, 'body');
  const value = parse(text);
  refuseOddNames(text);
  return value;
}

/** The fields of a form in parts (RFC 7578). @throws malformed, also for files; invalid for a repeated name */
async function fieldsOf(bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<Record<string, string>> {
  const form = await new Response(bytes, { headers: { 'content-type': contentType } }).formData().catch(() => undefined);
  const fields = [...(form ?? [])];
  if (!form || fields.some(([name, value]) => typeof value !== 'string' || name === '__proto__'))
    throw malformed({ reason: 'The body is no form of text fields.' });
  const repeated = fields.find(([name], at) => fields.findIndex(([other]) => other === name) < at);
  if (repeated) throw invalid({ errors: [{ pointer: `/${repeated[0].slice(0, 100)}`, detail: 'must be given once', in: 'body' }] });
  return Object.fromEntries(fields) as Record<string, string>;
}

/** Type and charset, in small letters. US-ASCII is UTF-8. */
export function mediaTypeOf(header: string): { type: string; charset: string } {
  const [type = '', ...parameters] = header.toLowerCase().split(';');
  const charset = parameters.map((parameter) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter)?.[1]).find(Boolean) ?? 'utf-8';
  return { type: type.trim(), charset: ['utf8', 'us-ascii', 'ascii'].includes(charset) ? 'utf-8' : charset };
}

/** What another service says: JSON in UTF-8. @throws tooLarge, malformed, clientGone */
export const readJson = async (request: Request, limitBytes: number): Promise<unknown> => parse(decode(await bytesOf(request, limitBytes)));

async function bytesOf(request: Request, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const length = request.headers.get('content-length');
  if (Number(length ?? 0) > limitBytes) throw tooLarge({ limitBytes });
  try {
    if (length !== null) return new Uint8Array(await request.arrayBuffer());
    return await chunksOf(request, limitBytes);
  } catch (error) {
    throw tooLarge.is(error) ? error : clientGone();
  }
}

async function chunksOf(request: Request, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge({ limitBytes });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed({ reason: 'The body is not UTF-8.' });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed({ reason: 'The body is not JSON.' });
  }
}

/** A number is taken whole: a pattern that gives digits back would begin anew at each of them. */
const STRINGS_MARKS_AND_NUMBERS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|-?\d[\d.eE+-]*/g;

/**
 * Two readers of one body may each take another of two equal names (RFC 8259, section 4), and `__proto__` is more than a name to
 * some: neither is taken. Nor is a fraction that would be rounded to a whole number: amounts are whole. `text` is known to be JSON.
 */
function refuseOddNames(text: string): void {
  const open: (Set<string> | null)[] = [];
  let string = '';
  let values = 0;
  for (const [token] of text.matchAll(STRINGS_MARKS_AND_NUMBERS)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ',') values++;
    else if (token === ':') addName(open.at(-1)!, JSON.parse(string));
    else if (token.startsWith('"')) string = token;
    else if (/[.eE]/.test(token)) refuseRounded(token);
    if (values > VALUES_LIMIT)
      throw invalid({ errors: [{ pointer: '', detail: `must not hold more than ${VALUES_LIMIT} values`, in: 'body' }] });
  }
}

/** 100.99999999999999999 is no whole number, but it would be read as 101. */
function refuseRounded(number: string): void {
  const [, digits = '', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(number)!;
  const all = digits + fraction;
  let significant = all.length;
  while (all[significant - 1] === '0') significant--; // no pattern: /0+$/ begins anew at each of a quarter million zeros
  const isWhole = significant === 0 || significant <= digits.length + Number(exponent);
  if (!isWhole && Number.isInteger(Number(number)))
    throw malformed({ reason: `The number ${number.slice(0, 100)} cannot be read exactly.` });
}

function addName(names: Set<string> | null, name: string): void {
  if (names?.has(name)) throw malformed({ reason: `The body names ${JSON.stringify(name.slice(0, 100))} twice in one object.` });
  if (name === '__proto__') throw malformed({ reason: 'No field can be named __proto__.' });
  names?.add(name);
}
