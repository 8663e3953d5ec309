import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  ask,
  begin,
  folder,
  isServing,
  kill,
  options,
  said,
  serverPid,
  start,
  startChild,
  startInChild,
  useTestFolders,
  visit,
} from './embedded-test-folders.ts';
import { startOf } from './processes.ts';

useTestFolders();

test('what was committed is there after a stop and a start, and a stop leaves no process', async () => {
  const first = await start();
  await ask(first.url, 'create table lamps as select 3 as stock');
  const pid = serverPid();
  await first.stop();
  await first.stop();

  expect(startOf(pid)).toBeUndefined();
  expect(readdirSync(folder).sort()).toEqual(['data', 'password', 'postgres.log']);

  const second = await start();
  expect(await ask(second.url, 'select stock from lamps')).toEqual([{ stock: 3 }]);
  expect(said).toEqual([]);
});

test('after a kill -9 of its process the server goes on and the next start takes it over', async () => {
  const child = await startInChild();
  const pid = serverPid();
  await kill(child);

  const next = await start();

  expect(said).toEqual([`using the PostgreSQL that an earlier run left running (process ${pid})`]);
  expect(serverPid()).toBe(pid);
  await next.stop();
  expect(startOf(pid)).toBeUndefined();
});

test('a server that was left behind with other settings is replaced', async () => {
  await kill(await startInChild());
  const pid = serverPid();

  const next = await start({ ...options, work_mem: '5MB' });

  expect(startOf(pid)).toBeUndefined();
  expect(await ask(next.url, 'show work_mem')).toEqual([{ work_mem: '5MB' }]);
});

test('a server that was left behind and answers no more is replaced', async () => {
  await kill(await startInChild());
  const pid = serverPid();
  process.kill(pid, 'SIGSTOP');

  const next = await start();

  expect(await ask(next.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(serverPid()).not.toBe(pid);
}, 60_000);

test('after a kill -9 of PostgreSQL itself, in the middle of work, it starts again with what was committed', async () => {
  const first = await start();
  await ask(first.url, 'create table lamps as select generate_series(1, 1000) as id');
  void ask(first.url, 'update lamps set id = id + pg_sleep(10)::text::int').catch(() => {});
  await sleep(100);
  process.kill(serverPid(), 'SIGKILL');
  await first.stop();

  const second = await start();

  expect(await ask(second.url, 'select count(*)::int, min(id) from lamps')).toEqual([{ count: 1000, min: 1 }]);
});

test.each([
  ['names a process that is gone', () => 4_194_300],
  ['names a process of another program', () => process.ppid],
])('a stale postmaster.pid that %s is recovered from', async (_, pid) => {
  const file = join(folder, 'data/postmaster.pid');
  writeFileSync(file, `${pid()}\n${join(folder, 'data')}\n1700000000\n5432\n\n127.0.0.1\n  1234567         3\nready   \n`);

  const database = await start();

  expect(await ask(database.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(isServing(serverPid())).toBe(true);
});

test('a creation that was cut short is begun again, and half a database is put aside', async () => {
  begin();
  mkdirSync(join(folder, 'data.new-1/base'), { recursive: true });
  mkdirSync(join(folder, 'data/base'), { recursive: true });
  writeFileSync(join(folder, 'data/PG_VERSION'), '18\n');

  const database = await start();

  expect(await ask(database.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(existsSync(join(folder, 'data.new-1'))).toBe(false);
  expect(said.join()).toMatch(/not a whole database: they were moved to .*data\.unfinished-/);
});

test('a process that is killed while it creates the database leaves nothing in the way', async () => {
  begin();
  const child = startChild();
  await expect
    .poll(() => existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('data.new-')), { interval: 5 })
    .toBe(true);
  await kill(child);

  const database = await start();

  expect(await ask(database.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a second Souk on a folder in use is refused, and the first goes on undisturbed', async () => {
  const child = await startInChild();
  const pid = serverPid();

  await expect(start()).rejects.toThrow(
    `Another Souk (process ${child.pid}) uses the database in ${folder}: stop it first, or give this one a folder of its own.`,
  );

  expect(startOf(pid)).toBeDefined();
  expect(child.exitCode).toBeNull();
});

test('a visitor shares the server of the Souk at work on the folder, and leaves it running', async () => {
  const child = await startInChild();
  const pid = serverPid();

  const visitor = await visit();
  expect(await ask(visitor.url, "select current_setting('data_directory') as data")).toEqual([{ data: join(folder, 'data') }]);
  await visitor.stop();

  expect(serverPid()).toBe(pid);
  expect(startOf(pid)).toBeDefined();
  expect(child.exitCode).toBeNull();
});

test('a visitor waits for a Souk that is just starting', async () => {
  begin();
  startChild();
  await expect.poll(() => existsSync(join(folder, 'lock')), { interval: 5 }).toBe(true);

  const visitor = await visit();

  expect(await ask(visitor.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test.each([
  ['nobody is at work', async () => {}],
  ['a Souk was killed', async () => kill(await startInChild())],
])('a visitor of a folder where %s starts the server itself, and stops it', async (_, leave) => {
  await leave();

  const visitor = await visit();
  const pid = serverPid();
  expect(await ask(visitor.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  await visitor.stop();

  expect(startOf(pid)).toBeUndefined();
});

test('of many that start at once on an empty folder exactly one gets it', async () => {
  begin();
  const starts = await Promise.allSettled(Array.from({ length: 5 }, () => start()));

  expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected', 'rejected']);
});

test('a folder that cannot be made is refused with a way out', async () => {
  begin();
  writeFileSync(folder, 'a file');

  await expect(start()).rejects.toThrow(/cannot be used \(EEXIST.*set SOUK_DATA to a folder that can be written, or DATABASE_URL/);
});
