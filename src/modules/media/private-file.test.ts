import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { type FileLock, newFileKey, openFile, plainBytes, sealFile } from './private-file.ts';

const SEGMENT = 64 * 1024;
const STORED = SEGMENT + 16;
const lock = (): FileLock => ({ id: newId(), fileKey: newFileKey() });

const opened = async (of: FileLock, stored: Buffer, range = { first: 0, last: plainBytes(stored.length) - 1 }): Promise<Buffer> => {
  const read = async function* (first: number, last: number) {
    for (let at = first; at <= last; at += 1000) yield stored.subarray(at, Math.min(at + 1000, last + 1));
  };
  const parts = openFile(of, { sizeBytes: stored.length, read: async ({ first, last }) => read(first, last) }, range);
  return Buffer.concat(await Array.fromAsync(parts));
};

test.each([1, 16, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT + 7])(
  'a file of %i bytes is opened as it was',
  async (size) => {
    const [mine, bytes] = [lock(), randomBytes(size)];
    const stored = sealFile(mine, bytes);
    expect(plainBytes(stored.length)).toBe(size);
    expect((await opened(mine, stored)).equals(bytes)).toBe(true);
    for (const [first, last] of [
      [0, 0],
      [size - 1, size - 1],
      [SEGMENT - 2, SEGMENT + 1],
      [SEGMENT, size - 1],
    ] as const)
      if (first <= last && last < size)
        expect((await opened(mine, stored, { first, last })).equals(bytes.subarray(first, last + 1))).toBe(true);
  },
);

test('a file that was changed, moved, swapped or cut is not opened, nor one of another upload or key', async () => {
  const mine = lock();
  const bytes = randomBytes(3 * SEGMENT);
  const stored = sealFile(mine, bytes);
  const part = (from: number, to: number) => stored.subarray(33 + from * STORED, 33 + to * STORED);
  const flipped = (at: number) => {
    const next = Buffer.from(stored);
    next[at]! ^= 1;
    return next;
  };
  const changed: Record<string, Buffer> = {
    version: flipped(0),
    salt: flipped(1),
    'first byte': flipped(33),
    'last byte': flipped(stored.length - 1),
    swapped: Buffer.concat([stored.subarray(0, 33), part(1, 2), part(0, 1), part(2, 3)]),
    'cut at a segment': stored.subarray(0, 33 + 2 * STORED),
    'without its beginning': Buffer.concat([stored.subarray(0, 33), part(1, 3)]),
    'twice its end': Buffer.concat([stored, part(2, 3)]),
  };
  for (const [what, found] of Object.entries(changed)) await expect(opened(mine, found), what).rejects.toThrow();
  await expect(opened({ ...mine, id: newId() }, stored)).rejects.toThrow();
  await expect(opened({ ...mine, fileKey: newFileKey() }, stored)).rejects.toThrow();
  const again = sealFile(mine, bytes);
  expect(again.subarray(33).equals(stored.subarray(33))).toBe(false); // no key and nonce twice
  expect((await opened(mine, again)).equals(bytes)).toBe(true);
});
