import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedPostgres } from './embedded.ts';
import type { RunningDatabase } from './port.ts';

let folder: string;
let database: RunningDatabase;
let client: pg.Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'souk-settings-'));
  database = await startEmbeddedPostgres({ folder });
  client = new pg.Client(database.url);
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.stop();
  rmSync(folder, { recursive: true });
});

test('nothing acknowledged is lost: what keeps it is on', async () => {
  const names = ['fsync', 'full_page_writes', 'synchronous_commit'];
  const { rows } = await client.query('select name, setting from pg_settings where name = any ($1) order by name', [names]);

  expect(rows).toEqual(names.map((name) => ({ name, setting: 'on' })));
});

test('it listens on this machine only', async () => {
  const { rows } = await client.query(
    "select current_setting('listen_addresses') as tcp, current_setting('unix_socket_directories') as sockets",
  );

  expect(rows).toEqual([{ tcp: '127.0.0.1', sockets: '' }]);
});

test('the password is for its owner only, and without it nobody comes in', async () => {
  expect(statSync(join(folder, 'password')).mode & 0o777).toBe(0o600);

  const guesser = new pg.Client(Object.assign(new URL(database.url), { password: 'guessed' }).href);
  await expect(guesser.connect()).rejects.toThrow('password authentication failed');
});

test('a statement that fails leaves nothing of itself in the log', async () => {
  await client.query('create table people (email text primary key)');
  await client.query("insert into people values ('bob@example.com')");
  await expect(client.query("insert into people values ('bob@example.com')")).rejects.toThrow('duplicate key');
  await expect(client.query('select $1::text::int', ['bob@example.com'])).rejects.toThrow('bob@example.com');

  const log = readFileSync(join(folder, 'postgres.log'), 'utf8');
  expect(log).toContain('ready to accept connections');
  expect(log).not.toMatch(/bob|duplicate|insert|select/);
});

test('a setting that PostgreSQL does not know is refused in its own words, at once', async () => {
  const other = mkdtempSync(join(tmpdir(), 'souk-settings-'));

  const start = startEmbeddedPostgres({ folder: other, options: { fsync: 'off', shared_bufers: "it's" } });

  await expect(start).rejects.toThrow(/PostgreSQL did not start: .*errors/);
  expect(readFileSync(join(other, 'postgres.log'), 'utf8')).toContain('unrecognized configuration parameter "shared_bufers"');
  rmSync(other, { recursive: true });
});
