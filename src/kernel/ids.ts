import { hash, randomFillSync } from 'node:crypto';
import { V7Generator } from 'uuidv7';

/** Random numbers of the system, many at a time: asking for each was a fiftieth of the process's time for a purchase. */
const random = new Uint32Array(256);
let used = random.length;
const nextUint32 = (): number => {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  return random[used++] as number;
};
const generator = new V7Generator({ nextUint32 });

/** A new id: UUIDv7 (RFC 9562), so that ids sort by the time they were made. */
export const newId = (): string => generator.generate().toString();

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
  const bytes = hash('sha256', parts.join('\u0000'), 'buffer');
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isId = (text: string): boolean => UUID.test(text);
