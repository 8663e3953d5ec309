import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** The object that holds a private file. */
export const PRIVATE_FILES = 'private/';
export const privateKey = (id: string): string => `${PRIVATE_FILES}${id}`;

/**
 * How a private file is stored: a version, a salt, then segments of 64 KiB, each encrypted with AES-256-GCM. The nonce of a segment is its
 * number and whether it is the last, so none can be changed, left out, moved or cut off unnoticed, and each can be read by itself. The key
 * is made from the key of the file, the salt and the id of the upload (HKDF), so writing a file again never uses a key and a nonce twice.
 * It is STREAM (https://eprint.iacr.org/2015/189), laid out as in https://age-encryption.org/v1.
 */
const VERSION = 1;
const SALT_BYTES = 32;
const HEADER_BYTES = 1 + SALT_BYTES;
const SEGMENT_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const STORED_SEGMENT_BYTES = SEGMENT_BYTES + TAG_BYTES;

/** The key of one file, as the text that is encrypted for its row. */
export const newFileKey = (): string => randomBytes(32).toString('base64url');
/** What that text is bound to. */
export const fileKeyPlace = (id: string): string => `media.file-key:${id}`;

/** Whose file it is, and its key. */
export interface FileLock {
  readonly id: string;
  readonly fileKey: string;
}

const keyOf = ({ id, fileKey }: FileLock, salt: Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', Buffer.from(fileKey, 'base64url'), salt, `souk private file ${VERSION} ${id}`, 32));

function nonceOf(segment: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(segment, 7);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

const about = ({ id }: FileLock): Buffer => Buffer.from(`media.file:${id}`);

/** Encrypts a file. It is not empty. */
export function sealFile(lock: FileLock, file: Buffer): Buffer {
  const salt = randomBytes(SALT_BYTES);
  const key = keyOf(lock, salt);
  const parts: Buffer[] = [Buffer.of(VERSION), salt];
  for (let at = 0, segment = 0; at < file.length; at += SEGMENT_BYTES, segment++) {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(segment, at + SEGMENT_BYTES >= file.length)).setAAD(about(lock));
    parts.push(cipher.update(file.subarray(at, at + SEGMENT_BYTES)), cipher.final(), cipher.getAuthTag());
  }
  return Buffer.concat(parts);
}

/** How many bytes a file has that takes so many in the store. */
export function plainBytes(storedBytes: number): number {
  const body = storedBytes - HEADER_BYTES;
  return body - Math.ceil(body / STORED_SEGMENT_BYTES) * TAG_BYTES;
}

interface Bytes {
  readonly first: number;
  readonly last: number;
}

/** An object in the store, from which parts can be read. */
export interface SealedObject {
  readonly sizeBytes: number;
  readonly read: (range: Bytes) => Promise<AsyncIterable<Uint8Array>>;
}

/** Decrypts a part of a file, a segment at a time: none is given before it has proven whole. @throws Error when it was changed */
export async function* openFile(lock: FileLock, object: SealedObject, { first, last }: Bytes): AsyncGenerator<Buffer> {
  const header = Buffer.concat(await Array.fromAsync(await object.read({ first: 0, last: HEADER_BYTES - 1 })));
  if (header[0] !== VERSION) throw new Error(`The private file ${lock.id} has a form that is not known.`);
  const key = keyOf(lock, header.subarray(1));
  const end = Math.ceil((object.sizeBytes - HEADER_BYTES) / STORED_SEGMENT_BYTES) - 1;
  const from = Math.floor(first / SEGMENT_BYTES);
  const to = Math.floor(last / SEGMENT_BYTES);
  const stored = await object.read({
    first: HEADER_BYTES + from * STORED_SEGMENT_BYTES,
    last: Math.min(HEADER_BYTES + (to + 1) * STORED_SEGMENT_BYTES, object.sizeBytes) - 1,
  });
  let segment = from;
  for await (const part of inSegments(stored)) {
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(segment, segment === end), { authTagLength: TAG_BYTES });
    decipher.setAAD(about(lock)).setAuthTag(part.subarray(-TAG_BYTES));
    const plain = Buffer.concat([decipher.update(part.subarray(0, -TAG_BYTES)), decipher.final()]);
    const begins = segment * SEGMENT_BYTES;
    yield plain.subarray(Math.max(0, first - begins), last - begins + 1);
    segment++;
  }
}

async function* inSegments(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < STORED_SEGMENT_BYTES) continue;
    let bytes = Buffer.concat(waiting);
    for (; bytes.length >= STORED_SEGMENT_BYTES; bytes = bytes.subarray(STORED_SEGMENT_BYTES))
      yield bytes.subarray(0, STORED_SEGMENT_BYTES);
    waiting = bytes.length > 0 ? [bytes] : [];
    size = bytes.length;
  }
  if (size > 0) yield Buffer.concat(waiting);
}
