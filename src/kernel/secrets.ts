import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { chmodSync, existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './folders.ts';

/** A master key and its name. Everything that is secret is derived from it, one key per purpose (HKDF, RFC 5869). */
export interface MasterKey {
  id: string;
  secret: Buffer;
}

/** What the rest of Souk does with keys, without ever seeing one. */
export interface Secrets {
  /** Encrypts text with AES-256-GCM under the current key; `about` binds it to its place, so that a swap is noticed. */
  seal(text: string, about: string): string;
  /** @throws Error when the text was changed, moved to another place, or its key is not known. */
  unseal(sealed: string, about: string): string;
  /** What `seal` would make of it with the current key; undefined when the current key has sealed it. @throws as `unseal`. */
  reseal(sealed: string, about: string): string | undefined;
  /** A keyed blind index: finds an equal value without storing it. */
  blindIndex(value: string, purpose: string): string;
  /** A keyed hash of something of low entropy (a code, a request that holds a password). */
  fingerprint(value: string, purpose: string): string;
  /** A signature (HMAC-SHA256) by which Souk knows its own text again. */
  sign(text: string, purpose: string): Buffer;
  /** A key for one purpose, for libraries that want bytes. */
  derive(purpose: string): Buffer;
}

/** Makes secrets from master keys; the first seals, all of them unseal. Indexes and fingerprints use the last: it never rotates away. */
export function secretsFrom(keys: readonly MasterKey[]): Secrets {
  const [current] = keys;
  const root = keys.at(-1);
  if (!current || !root) throw new Error('There is no secret key: set SECRET_KEYS.');
  const cache = new Map<string, KeyObject>(); // Node takes six times as long to sign with a Buffer
  const derive = (key: MasterKey, purpose: string): KeyObject => {
    const name = `${key.id}\u0000${purpose}`;
    const known = cache.get(name) ?? createSecretKey(Buffer.from(hkdfSync('sha256', key.secret, 'souk', purpose, 32)));
    cache.set(name, known);
    return known;
  };
  const sign = (text: string, purpose: string): Buffer => createHmac('sha256', derive(root, purpose)).update(text).digest();
  const secrets: Secrets = {
    seal(text, about) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', derive(current, 'seal'), iv).setAAD(Buffer.from(about));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return [current.id, iv.toString('base64url'), body.toString('base64url'), cipher.getAuthTag().toString('base64url')].join('.');
    },
    unseal(sealed, about) {
      const [id, iv, body, tag] = sealed.split('.');
      const key = keys.find((candidate) => candidate.id === id);
      if (!key || !iv || body === undefined || !tag) throw new Error(`Sealed text names a key that is not here: ${id}`);
      const decipher = createDecipheriv('aes-256-gcm', derive(key, 'seal'), Buffer.from(iv, 'base64url'));
      decipher.setAAD(Buffer.from(about)).setAuthTag(Buffer.from(tag, 'base64url'));
      return Buffer.concat([decipher.update(Buffer.from(body, 'base64url')), decipher.final()]).toString('utf8');
    },
    reseal: (sealed, about) => (sealed.startsWith(`${current.id}.`) ? undefined : secrets.seal(secrets.unseal(sealed, about), about)),
    blindIndex: (value, purpose) => sign(value, `index:${purpose}`).toString('base64url'),
    fingerprint: (value, purpose) => sign(value, `fingerprint:${purpose}`).toString('base64url'),
    sign: (text, purpose) => sign(text, `derived:${purpose}`),
    derive: (purpose) => derive(root, `derived:${purpose}`).export(),
  };
  return secrets;
}

/**
 * Secrets for one module: a purpose, and a place that sealed text is bound to, begins with its name, so that no module opens
 * or forges what is another's. The kernel signs cursors for all of them.
 */
export function secretsOf(secrets: Secrets, module: string): Secrets {
  const own = (purpose: string): string => {
    if (purpose !== 'cursor' && !purpose.startsWith(`${module}.`)) throw new Error(`${module} may not use secrets for ${purpose}`);
    return purpose;
  };
  return {
    seal: (text, about) => secrets.seal(text, own(about)),
    unseal: (sealed, about) => secrets.unseal(sealed, own(about)),
    reseal: (sealed, about) => secrets.reseal(sealed, own(about)),
    blindIndex: (value, purpose) => secrets.blindIndex(value, own(purpose)),
    fingerprint: (value, purpose) => secrets.fingerprint(value, own(purpose)),
    sign: (text, purpose) => secrets.sign(text, own(purpose)),
    derive: (purpose) => secrets.derive(own(purpose)),
  };
}

/** Compares two texts in a time that does not depend on where they differ. */
export function sameText(a: string, b: string): boolean {
  const left = createHmac('sha256', 'compare').update(a).digest();
  const right = createHmac('sha256', 'compare').update(b).digest();
  return timingSafeEqual(left, right);
}

/** The master keys of a start, the current one first. */
export interface MasterKeys {
  /** Makes those of a laptop, if they are not there yet. @throws Error that says what is wrong, without the key. */
  all(): readonly MasterKey[];
  /** The file that `all` would make; undefined when the keys are there. */
  missing(): string | undefined;
}

/** Keys that are given as a text. @throws Error as `parseKeys`. */
export function givenKeys(text: string): MasterKeys {
  const keys = parseKeys(text);
  return { missing: () => undefined, all: () => keys };
}

/**
 * Reads `SECRET_KEYS` (`name:base64,name:base64`, at least 32 bytes each, the current one first).
 * @throws Error that says what is wrong, without the key.
 */
export function parseKeys(text: string): MasterKey[] {
  const keys = text.split(',').map((entry, index) => {
    const [id, encoded, ...rest] = entry.trim().split(':');
    if (!id || !encoded || rest.length > 0 || !/^[a-z0-9-]{1,20}$/i.test(id))
      throw new Error('SECRET_KEYS: must be name:base64[,name:base64…], names of letters and digits');
    const secret = Buffer.from(encoded, 'base64');
    if (!/^[a-z0-9+/_-]+={0,2}$/i.test(encoded)) throw new Error(`SECRET_KEYS: key number ${index + 1} is not base64; ${MAKE_ONE}`);
    if (secret.length < 32) throw new Error(`SECRET_KEYS: key number ${index + 1} has less than 32 bytes; ${MAKE_ONE}`);
    return { id, secret };
  });
  const twice = keys.find(({ id }, index) => keys.findIndex((key) => key.id === id) !== index);
  if (twice) throw new Error(`SECRET_KEYS: two keys are called ${twice.id}; give each a name of its own`);
  return keys;
}

const MAKE_ONE = 'make one with: openssl rand -base64 32';

/** The keys of a laptop: in a file that only its owner reads, made at the first start. Of several that make it at once, all read one. */
export function keysInFile(path: string): MasterKeys {
  let keys = existsSync(path) ? keysOf(path) : undefined;
  return {
    missing: () => (existsSync(path) ? undefined : path),
    all() {
      if (!keys && !existsSync(path)) makeKeys(path);
      keys ??= keysOf(path);
      return keys;
    },
  };
}

/** @throws Error with a sentence for the operator when they cannot be written. */
function makeKeys(path: string): void {
  try {
    writeKeys(path);
  } catch (error) {
    throw new Error(
      `The keys cannot be written to ${path} (${(error as Error).message}): set SOUK_DATA to a folder that can be written, or give SECRET_KEYS.`,
    );
  }
}

function writeKeys(path: string): void {
  makeFolder(dirname(path));
  const unfinished = `${path}.new-${process.pid}`;
  writeFileSync(unfinished, `k1:${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(unfinished, path); // it appears whole, and for one only
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(unfinished);
  }
}

function keysOf(path: string): MasterKey[] {
  try {
    chmodSync(path, 0o600);
    return parseKeys(readFileSync(path, 'utf8').trim());
  } catch (error) {
    throw new Error(`${(error as Error).message} (in the file ${path})`);
  }
}
