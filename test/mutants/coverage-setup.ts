import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from 'vitest';
import { type FileCoverage, painted } from './coverage.ts';

/** Notes which parts of which source files this test file runs. A process runs many test files: counts begin anew with each. */
const root = join(import.meta.dirname, '../..');
const holder = globalThis as { coverageSession?: Promise<Session> };

async function open(): Promise<Session> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return session;
}

holder.coverageSession ??= open();
const session = await holder.coverageSession;
let began = 0;

beforeAll(async () => {
  began = Date.now();
  await session.post('Profiler.takePreciseCoverage');
});

afterAll(async () => {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const files: Record<string, FileCoverage> = {};
  for (const { url, functions } of result) {
    if (!url.startsWith('file:')) continue;
    const file = relative(root, fileURLToPath(url));
    if (file.startsWith('src/') && !file.includes('.test.')) files[file] = painted(functions);
  }
  const test = relative(root, expect.getState().testPath!);
  const folder = join(root, '.souk/coverage');
  mkdirSync(folder, { recursive: true });
  const name = createHash('sha256').update(test).digest('hex').slice(0, 16);
  writeFileSync(join(folder, name), JSON.stringify({ test, tookMs: Date.now() - began, files }));
});
