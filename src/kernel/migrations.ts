import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface MigrationFolder {
  module: string;
  folder: URL;
}

const LOCK = 7_281_001; // any number, the same in every process

/**
 * How long a migration waits for a table that is in use. While it waits, all others wait behind it; so it lets them pass and
 * tries again. Together a minute and a half: longer than any transaction of a living process.
 */
const LOCK_WAIT_MS = 1000;
const TRIES = 60;
const PAUSE_MS = 500;
/** A lock that was not to be had, and a deadlock with a process at work. */
const IN_USE = new Set(['55P03', '40P01']);

/** Also a role, which all databases of a server share, that is changed for another one at this moment. */
const isInUse = (error: Error & { code?: string }): boolean => IN_USE.has(error.code ?? '') || /^tuple concurrently /.test(error.message);

const NAME = /^(\d{3})_[a-z0-9_-]+\.sql$/;

/** Runs work on a connection of its own. */
export async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs work on a connection of its own while no other process that asks for the same works on this database. */
export const alone = <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> =>
  connected(url, async (client) => {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    return work(client);
  });

/** Files of this code that have not been applied, as `module/name`. @throws Error where the database cannot be read, or knows no migrations. */
export const missingFiles = (url: string, folders: readonly MigrationFolder[]): Promise<string[]> =>
  connected(url, async (client) => {
    if (await isNew(client)) throw new Error('it is empty');
    const { rows } = await client.query<{ file: string }>("select module || '/' || name as file from kernel.migrations");
    const applied = new Set(rows.map(({ file }) => file));
    const files = await Promise.all(
      folders.map(async ({ module, folder }) => namesIn(module, await readdir(folder)).map((name) => `${module}/${name}`)),
    );
    return files.flat().filter((file) => !applied.has(file));
  });

/** Whether nothing has been applied to the database yet. */
export async function isNew(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean }>("select to_regclass('kernel.migrations') is not null as exists");
  if (!rows[0]?.exists) return true;
  return (await client.query('select from kernel.migrations limit 1')).rows.length === 0;
}

/**
 * Brings the database to the version of this code: every module's `migrations/NNN_*.sql`, in the order of the modules,
 * each file once and in a transaction of its own. To be run `alone`.
 *
 * @returns how many files were applied.
 * @throws Error when a file has a wrong name or number, or has been changed or renamed since it was applied. Nothing is applied then.
 */
export async function migrate(
  client: pg.Client,
  folders: readonly MigrationFolder[],
  log: (line: string) => void = () => {},
): Promise<number> {
  const files = await Promise.all(
    folders.map(async ({ module, folder }) => ({ module, folder, names: namesIn(module, await readdir(folder)) })),
  );
  await client.query('create schema if not exists kernel');
  await client.query(
    'create table if not exists kernel.migrations (module text, name text, checksum text not null, applied_at timestamptz not null default now(), primary key (module, name))',
  );
  const { rows } = await client.query<{ module: string; name: string; checksum: string }>(
    'select module, name, checksum from kernel.migrations',
  );
  for (const { module, names } of files) refuseRenamed(module, names, rows);
  const applied = new Map(rows.map((row) => [`${row.module}/${row.name}`, row.checksum]));
  let count = 0;
  for (const { module, folder, names } of files) {
    await client.query(`create schema if not exists ${pg.escapeIdentifier(module)}`);
    for (const name of names) {
      const text = await readFile(new URL(name, folder), 'utf8');
      const checksum = createHash('sha256').update(text).digest('hex');
      const before = applied.get(`${module}/${name}`);
      if (before === checksum) continue;
      if (before) throw new Error(`The migration ${module}/${name} was changed after it had been applied; add a new file instead.`);
      await apply(client, { module, name, text, checksum });
      log(`migrated ${module}/${name}`);
      count++;
    }
  }
  return count;
}

/** The files of a folder in their order: numbered from 001, each number once and none left out. */
export function namesIn(module: string, found: readonly string[]): string[] {
  const names = found.filter((name) => !name.startsWith('.')).sort();
  for (const [index, name] of names.entries()) {
    const number = NAME.exec(name)?.[1];
    if (!number) throw new Error(`The migration ${module}/${name} needs a name like 001_products.sql, in small letters.`);
    const before = names[index - 1];
    if (before?.startsWith(`${number}_`))
      throw new Error(`Two migrations of ${module} have the number ${number}: ${before} and ${name}. Give the newer one the next number.`);
    const expected = String(index + 1).padStart(3, '0');
    if (number !== expected) throw new Error(`The migration ${module}/${expected}_….sql is missing: ${name} cannot be applied before it.`);
  }
  return names;
}

function refuseRenamed(module: string, names: readonly string[], applied: readonly { module: string; name: string }[]): void {
  const numberOf = (name: string) => name.slice(0, 3);
  for (const before of applied.filter((row) => row.module === module && !names.includes(row.name))) {
    const now = names.find((name) => numberOf(name) === numberOf(before.name));
    if (now)
      throw new Error(
        `The migration ${module}/${before.name} was applied to this database, and the file is now ${now}: give ${now} the next number, and bring the old file back.`,
      );
  }
}

interface File {
  module: string;
  name: string;
  text: string;
  checksum: string;
}

/** Applies a file, beside processes of the version before that are at work. */
async function apply(client: pg.Client, file: File): Promise<void> {
  try {
    await besideOthers(client, async () => {
      await client.query(file.text);
      await client.query('insert into kernel.migrations (module, name, checksum) values ($1, $2, $3)', [
        file.module,
        file.name,
        file.checksum,
      ]);
    });
  } catch (error) {
    throw new Error(`The migration ${file.module}/${file.name} failed: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Runs a transaction that locks tables, beside processes at work: it waits a second for a table in use, lets the others pass, and begins
 * anew, for a minute and a half.
 */
export async function besideOthers(client: pg.Client, work: () => Promise<unknown>, tries = TRIES): Promise<void> {
  try {
    await client.query(`begin; set local lock_timeout = ${LOCK_WAIT_MS}`);
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    if (tries === 1 || !isInUse(error as Error)) throw error;
    await sleep(PAUSE_MS);
    await besideOthers(client, work, tries - 1);
  }
}
