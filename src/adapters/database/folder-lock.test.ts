import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { lockFolder } from './folder-lock.ts';

let folder: string;
let lock: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'souk-lock-'));
  lock = join(folder, 'lock');
});

afterEach(() => rmSync(folder, { recursive: true }));

test('a folder is locked until it is given back, and nothing is left', async () => {
  const unlock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toThrow(`Another Souk (process ${process.pid}) uses the database in ${folder}`);
  unlock();

  const again = await lockFolder(folder);
  again();

  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['nobody had', () => {}],
  ['a crash left', () => writeFileSync(lock, JSON.stringify({ pid: 4_194_300, started: 'yesterday', host: hostname() }))],
])('of many that want a lock that %s at once, exactly one gets it', async (_, leave) => {
  leave();

  const wishes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));

  expect(wishes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(existsSync(lock)).toBe(true);
});

test('the lock of a process that was killed is taken over', async () => {
  const program = `import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, 'folder-lock.ts'))};
    await lockFolder(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await expect(lockFolder(folder)).rejects.toThrow(`Another Souk (process ${child.pid})`);

  child.kill('SIGKILL');
  await once(child, 'exit');

  await expect(lockFolder(folder)).resolves.toBeTypeOf('function');
});

test('the lock of a process whose pid another one has got is taken over', async () => {
  writeFileSync(lock, JSON.stringify({ pid: process.pid, started: 'before the restart', host: hostname() }));

  await expect(lockFolder(folder)).resolves.toBeTypeOf('function');
});

test('a lock that a full disk left empty is taken over', async () => {
  writeFileSync(lock, '');

  await expect(lockFolder(folder)).resolves.toBeTypeOf('function');
});

test('its holder touches the lock as long as it has the folder, well before another host takes it for silent', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const unlock = await lockFolder(folder);
    for (let round = 0; round < 3; round++) {
      utimesSync(lock, new Date(0), new Date(0));
      vi.advanceTimersByTime(5000); // another host waits for fifteen seconds
      expect(Date.now() - statSync(lock).mtimeMs).toBeLessThan(5000);
    }
    unlock();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('a holder whose lock somebody else has got leaves it alone', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const unlock = await lockFolder(folder);
    writeFileSync(lock, JSON.stringify({ pid: 1, started: 'then', host: 'elsewhere' }));
    utimesSync(lock, new Date(0), new Date(0));
    vi.advanceTimersByTime(5000);
    expect(statSync(lock).mtimeMs).toBe(0);
    unlock();
    expect(existsSync(lock)).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});

test('the lock of another host is respected while it is touched, and taken over when it falls silent', async () => {
  writeFileSync(lock, JSON.stringify({ pid: 1, started: 'then', host: 'elsewhere' }));
  const beating = setInterval(() => utimesSync(lock, new Date(), new Date()), 1000);
  await expect(lockFolder(folder)).rejects.toThrow('Another Souk (process 1 on elsewhere) uses the database');
  clearInterval(beating);
  utimesSync(lock, new Date(0), new Date(0));

  await expect(lockFolder(folder)).resolves.toBeTypeOf('function');
});
