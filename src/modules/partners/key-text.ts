import { crc32 } from 'node:zlib';
import type { Secrets } from '#kernel/secrets.ts';

/**
 * A key as its partner keeps it: `souk_`, its id, `_`, 256 secret bits, and a CRC-32 of all before it; in hex. Scanners find
 * one that leaked by its beginning, and the checksum shows a mistyped one without a look into the database.
 */
export interface KeyText {
  id: string;
  secret: string;
}

const FORM = /^souk_([0-9a-f]{8})([0-9a-f]{4})(7[0-9a-f]{3})([89ab][0-9a-f]{3})([0-9a-f]{12})_([0-9a-f]{64})([0-9a-f]{8})$/;

export function writeKey({ id, secret }: KeyText): string {
  const text = `souk_${id.replaceAll('-', '')}_${secret}`;
  return text + checksum(text);
}

/** @returns undefined for what was never a key of ours. */
export function readKey(text: string): KeyText | undefined {
  const [, a, b, c, d, e, secret, sum] = FORM.exec(text) ?? [];
  if (!secret || sum !== checksum(text.slice(0, -8))) return undefined;
  return { id: [a, b, c, d, e].join('-'), secret };
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, '0');

/** The secret of a key follows from its salt and our own keys: neither alone is enough to make it again. */
export const secretOf = (secrets: Secrets, id: string, salt: string): string =>
  secrets.sign(`${id}:${salt}`, 'partners.key').toString('hex');

/** What is stored of a secret. */
export const hashOf = (secrets: Secrets, secret: string): string => secrets.fingerprint(secret, 'partners.key');
