import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, globSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { openRunFolder } from './run-folder.ts';
import { processesIn } from './sweep.ts';

const root = join(import.meta.dirname, '..');

test.concurrent.for<[NodeJS.Signals, string]>([
  ['SIGINT', 'vitest'],
  ['SIGKILL', 'vitest'],
  ['SIGTERM', 'npm test'],
  ['SIGKILL', 'npm test'],
])('%s in the middle of %s leaves no process and no folder behind', { timeout: 120_000 }, async ([signal, command], { expect }) => {
  const room = realpathSync(mkdtempSync(join(tmpdir(), 'souk-killed-')));
  chmodSync(room, 0o755); // PostgreSQL may run as another user
  const program = command === 'vitest' ? ['node_modules/vitest/vitest.mjs', 'run'] : ['test/run.ts'];
  const run = spawn(process.execPath, [...program, 'src/adapters/database/embedded.test.ts'], {
    cwd: root,
    env: { PATH: process.env.PATH, TMPDIR: room },
    stdio: 'ignore',
    detached: true,
  });
  const ended = once(run, 'exit');
  const databases = () => globSync(`${room}/**/souk-embedded-*/database/data/postmaster.pid`);
  await expect.poll(() => databases().length, { timeout: 90_000 }).toBeGreaterThan(0); // the database of a test, in a worker
  expect(processesIn([room]).filter(({ isPostgres }) => isPostgres).length).toBeGreaterThan(5);

  run.kill(signal);
  await ended;

  await expect.poll(() => processesIn([room]), { timeout: 30_000 }).toEqual([]);
  await expect.poll(() => readdirSync(room), { timeout: 60_000 }).toEqual([]);
  rmSync(room, { recursive: true });
  expect(existsSync(room)).toBe(false);
});

test('a run gives the temporary folder back at its end', async ({ expect }) => {
  const before = process.env.TMPDIR;
  const { folder, close } = await openRunFolder();
  expect(tmpdir()).toBe(folder);
  close();
  expect(process.env.TMPDIR).toBe(before);
  expect(existsSync(folder)).toBe(false);
});
