import { createHash } from 'node:crypto';
import { uuidv7 } from 'uuidv7';

/** A new id: UUIDv7 (RFC 9562), so that ids sort by the time they were made. */
export const newId: () => string = uuidv7;

/** The lowest id that could have been made at that time: ids before it are older. */
export const idFloor = (at: Date): string => {
  const hex = Math.max(0, at.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
};

/**
 * The same id for the same parts, always: UUIDv8 (RFC 9562) over SHA-256.
 * It lets two callers name one thing without asking each other, and an insert of it be idempotent.
 */
export function derivedId(...parts: string[]): string {
  const hash = createHash('sha256').update(parts.join('\u0000')).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isId = (text: string): boolean => UUID.test(text);
