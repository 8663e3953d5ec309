import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';

export interface MigrationFolder {
  module: string;
  folder: URL;
}

const LOCK = 7_281_001; // any number, the same in every process

/**
 * Brings the database to the version of this code: every module's `migrations/NNN_*.sql`, in the order of the modules,
 * each file once and in a transaction of its own. Processes that start together wait for each other.
 *
 * @returns how many files were applied.
 * @throws Error when a file that was applied before has been changed since.
 */
export async function migrate(url: string, folders: readonly MigrationFolder[], log: (line: string) => void = () => {}): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await client.query('create schema if not exists kernel');
    await client.query(
      'create table if not exists kernel.migrations (module text, name text, checksum text not null, applied_at timestamptz not null default now(), primary key (module, name))',
    );
    const { rows } = await client.query<{ module: string; name: string; checksum: string }>(
      'select module, name, checksum from kernel.migrations',
    );
    const applied = new Map(rows.map((row) => [`${row.module}/${row.name}`, row.checksum]));
    let count = 0;
    for (const { module, folder } of folders) {
      await client.query(`create schema if not exists ${pg.escapeIdentifier(module)}`);
      for (const name of (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()) {
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
  } finally {
    await client.end();
  }
}

async function apply(client: pg.Client, file: { module: string; name: string; text: string; checksum: string }): Promise<void> {
  try {
    await client.query('begin');
    await client.query(file.text);
    await client.query('insert into kernel.migrations (module, name, checksum) values ($1, $2, $3)', [
      file.module,
      file.name,
      file.checksum,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw new Error(`The migration ${file.module}/${file.name} failed: ${(error as Error).message}`, { cause: error });
  }
}
