import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type World, world } from '../../test/world.ts';
import { type Database, openPool, type Sql, sql } from './database.ts';
import { alone, migrate } from './migrations.ts';

let w: World;
let path: string;

beforeAll(async () => {
  w = await world();
});

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'souk-migrations-'));
});

afterEach(async () => {
  rmSync(path, { recursive: true });
  await w.sql('drop schema if exists lamps cascade');
  await w.sql("delete from kernel.migrations where module = 'lamps'");
});

const writes = (...names: string[]): void => {
  for (const name of names) writeFileSync(join(path, name), `create table lamps.t${name.slice(0, 3)} ()`);
};
const run = () => alone(w.databaseUrl, (client) => migrate(client, [{ module: 'lamps', folder: pathToFileURL(`${path}/`) }]));
const tables = async () =>
  (await w.sql<{ name: string }>("select table_name as name from information_schema.tables where table_schema = 'lamps' order by 1")).map(
    ({ name }) => name,
  );

test('files are applied in the order of their numbers, and once, even if many processes start together', async () => {
  writes('002_two.sql', '001_one.sql', '003_three.sql');
  writeFileSync(join(path, '.DS_Store'), '');

  const counts = await Promise.all(Array.from({ length: 5 }, run));

  expect(counts.sort()).toEqual([0, 0, 0, 0, 3]);
  expect(await tables()).toEqual(['t001', 't002', 't003']);
  writes('004_four.sql');
  expect(await run()).toBe(1);
});

test.each([
  [
    'two files with one number',
    ['001_one.sql', '002_a.sql', '002_b.sql'],
    'Two migrations of lamps have the number 002: 002_a.sql and 002_b.sql. Give the newer one the next number.',
  ],
  ['a gap', ['001_one.sql', '003_three.sql'], 'The migration lamps/002_….sql is missing: 003_three.sql cannot be applied before it.'],
  ['a first number other than 001', ['002_two.sql'], 'The migration lamps/001_….sql is missing: 002_two.sql cannot be applied before it.'],
  ['no number', ['001_one.sql', 'two.sql'], 'The migration lamps/two.sql needs a name like 001_products.sql, in small letters.'],
  ['a short number', ['1_one.sql'], 'The migration lamps/1_one.sql needs a name like 001_products.sql, in small letters.'],
  ['another ending', ['001_one.SQL'], 'The migration lamps/001_one.SQL needs a name like 001_products.sql, in small letters.'],
])('%s is refused by name, and nothing is applied', async (_, names, sentence) => {
  writes(...names);

  await expect(run()).rejects.toThrow(sentence);

  expect(await tables()).toEqual([]);
});

test('a file that was changed or renamed after it had been applied is refused by name', async () => {
  writes('001_one.sql', '002_two.sql');
  await run();

  renameSync(join(path, '002_two.sql'), join(path, '002_deux.sql'));
  await expect(run()).rejects.toThrow('lamps/002_two.sql was applied to this database, and the file is now 002_deux.sql');

  writeFileSync(join(path, '001_one.sql'), 'create table lamps.other ()');
  renameSync(join(path, '002_deux.sql'), join(path, '002_two.sql'));
  await expect(run()).rejects.toThrow('The migration lamps/001_one.sql was changed after it had been applied; add a new file instead.');
});

test('a file that fails is named with the reason, and leaves nothing of itself', async () => {
  writes('001_one.sql');
  writeFileSync(join(path, '002_two.sql'), 'create table lamps.t002 (); select 1/0');

  await expect(run()).rejects.toThrow('The migration lamps/002_two.sql failed: division by zero');

  expect(await tables()).toEqual(['t001']);
});

test('a file that needs a table in use lets others pass while it waits, and is applied when the table is free', async () => {
  writes('001_one.sql');
  await run();
  const user = new pg.Client(w.databaseUrl);
  await user.connect();
  await user.query('begin; select from lamps.t001');
  writeFileSync(join(path, '002_two.sql'), 'alter table lamps.t001 add column name text');

  const migrated = run();
  await expect
    .poll(() => w.sql("select from pg_locks where mode = 'AccessExclusiveLock' and not granted"), { interval: 5 })
    .toHaveLength(1);
  await w.sql('select from lamps.t001');
  await user.query('commit');

  expect(await migrated).toBe(1);
  await user.end();
});

test.each([
  ['alone', (db: Database, text: Sql) => db.many(text)],
  ['in a transaction', (db: Database, text: Sql) => db.transaction((tx) => tx.many(text))],
])('a process at work goes on when a newer one adds a column that its statements answer: %s', async (_, ask) => {
  const pool = openPool({ url: w.databaseUrl, connections: 4, prepared: true });
  const db = pool.handle('lamps');
  await w.sql('create schema lamps create table lamps (id int); insert into lamps.lamps values (1)');
  const answers = () => Promise.all(Array.from({ length: 8 }, () => ask(db, sql`select * from lamps.lamps`)));
  await answers();

  await w.sql('alter table lamps.lamps add column name text');

  expect(await answers()).toEqual(Array.from({ length: 8 }, () => [{ id: 1, name: null }]));
  await pool.end();
});
