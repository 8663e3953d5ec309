import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDatabase } from './index.ts';
import { oldestVersion, type RunningDatabase } from './port.ts';

let folder: string;
let somebodys: RunningDatabase;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'souk-port-'));
  chmodSync(folder, 0o755);
  somebodys = await embedded('somebodys');
});

afterAll(async () => {
  await somebodys.stop();
  rmSync(folder, { recursive: true });
});

function embedded(name: string): Promise<RunningDatabase> {
  return startDatabase({ folder: join(folder, name), options: { fsync: 'off' } });
}

describe.each([
  { adapter: 'embedded', isOurs: true, open: () => embedded('ours') },
  { adapter: 'external', isOurs: false, open: () => startDatabase({ databaseUrl: somebodys.url, folder: '/nowhere' }) },
])('an $adapter database', ({ isOurs, open }) => {
  let database: RunningDatabase;

  beforeAll(async () => {
    database = await open();
  });

  test('says whether it is ours to run', () => {
    expect(database.embedded).toBe(isOurs);
  });

  test('answers at its address, in a version that our SQL is written for', async () => {
    const [row] = await ask("select current_setting('server_version_num')::int as version");

    expect(row!.version).toBeGreaterThanOrEqual(oldestVersion);
  });

  test('keeps every letter, and knows its capital', async () => {
    expect(await ask("select 'قنديل ✓' as kept, upper('été') as upper")).toEqual([{ kept: 'قنديل ✓', upper: 'ÉTÉ' }]);
  });

  test('lets us make schemas and the extensions that search needs', async () => {
    await ask('create schema if not exists lamps; create extension if not exists pg_trgm; create extension if not exists unaccent');

    expect(await ask("select array_length(show_trgm('قنديل'), 1) as parts, public.unaccent('été') as plain")).toEqual([
      { parts: 6, plain: 'ete' },
    ]);
  });

  test('notifies its listeners', async () => {
    const client = await connected();
    const heard = new Promise((resolve) => client.once('notification', ({ payload }) => resolve(payload)));
    await client.query("listen lamps; notify lamps, 'lit'");

    expect(await heard).toBe('lit');
    await client.end();
  });

  test('stops, once and again, and what others run goes on', async () => {
    await database.stop();
    await database.stop();

    if (isOurs) await expect(connected()).rejects.toThrow('ECONNREFUSED');
    else expect(await ask('select 1 as one')).toEqual([{ one: 1 }]);
  });

  async function connected(): Promise<pg.Client> {
    const client = new pg.Client(database.url);
    await client.connect();
    return client;
  }

  async function ask(statement: string): Promise<Record<string, unknown>[]> {
    const client = await connected();
    try {
      const result: unknown = await client.query(statement);
      return (result as pg.QueryResult).rows;
    } finally {
      await client.end();
    }
  }
});
