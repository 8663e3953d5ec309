import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'souk-folder-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Stores an object in a process whose files may have 8 KiB: the system takes that much of a longer write, and says no word of the rest. */
const stores = (bytes: number): string => {
  const program = `
    const { folderStorage } = await import('${new URL('./folder.ts', import.meta.url).href}');
    const storage = folderStorage({ folder: '${folder}', url: 'http://localhost:3000/v1', secret: () => 'not-a-secret' });
    const end = await storage.write('a/1', Buffer.alloc(${bytes}), 'image/jpeg').then(() => 'stored', ({ code }) => code);
    process.stdout.write(end + ' ' + (await storage.look('a/1'))?.sizeBytes);
    await storage.remove(['a/1']);`;
  const shell = ['-c', 'ulimit -f 8; exec "$0" --input-type=module -e "$1"', process.execPath, program];
  return execFileSync('bash', shell, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
};

test('a file that the system takes a part of only is not stored, and said to be none', () => {
  expect([stores(8000), stores(20_000)]).toEqual(['stored 8000', 'EFBIG undefined']);
});
