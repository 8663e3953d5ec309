import { setTimeout as sleep } from 'node:timers/promises';
import { noteKeys, refuseOtherKeys } from './master-keys.ts';
import { alone, connected, isNew, migrate, missingFiles } from './migrations.ts';
import type { Module } from './module.ts';
import type { MasterKeys } from './secrets.ts';

/** The migrations of the kernel and of modules, in order. */
export const migrationFolders = (modules: readonly Module[]) => [
  { module: 'kernel', folder: new URL('./migrations/', import.meta.url) },
  ...modules.flatMap(({ name, migrations }) => (migrations ? [{ module: name, folder: migrations }] : [])),
];

/**
 * Sees that the database belongs to these keys, and brings it to the version of this code; the first start makes the keys where
 * none are given. Of processes that start at once, one does it and the others find it done.
 * @returns how many files of migrations were applied.
 * @throws Error with a sentence for the operator; with other keys nothing has been written.
 */
export const prepareDatabase = (url: string, modules: readonly Module[], keys: MasterKeys, log?: (line: string) => void): Promise<number> =>
  alone(url, async (client) => {
    const missing = keys.missing();
    if (missing && !(await isNew(client)))
      throw new Error(
        `The keys of this database are missing: ${missing} is not there. Bring that file back, or set SECRET_KEYS to what it held.`,
      );
    const sealed = modules.flatMap((module) => module.sealed);
    await refuseOtherKeys(client, keys.all(), sealed);
    const applied = await migrate(client, migrationFolders(modules), log);
    await noteKeys(client, keys.all());
    return applied;
  });

/** How long a process waits for another one to migrate the database. */
const MIGRATED_WITHIN_MS = 120_000;

/**
 * Waits until another process, which may change tables, has brought the database to this version; this one only looks, and sees that
 * the keys are those of the database.
 * @throws Error with a sentence for the operator when two minutes have not been enough, or the keys are others.
 */
export async function awaitDatabase(
  url: string,
  modules: readonly Module[],
  local: ReadonlySet<string>,
  keys: MasterKeys,
  log: (line: string) => void,
): Promise<void> {
  const folders = migrationFolders(modules);
  const until = Date.now() + MIGRATED_WITHIN_MS;
  for (let told = false; ; told = true) {
    const missing = await missingFiles(url, folders).catch((error: Error) => error);
    if (Array.isArray(missing) && missing.length === 0) break;
    const why = missing instanceof Error ? missing.message : `${missing[0]} is missing`;
    if (Date.now() > until) throw new Error(`The database is not at the version of this process (${why}): run "npm run souk -- migrate".`);
    if (!told) log(`Waiting until the database is migrated (${why}) …`);
    await sleep(500);
  }
  const sealed = modules.filter(({ name }) => local.has(name)).flatMap((module) => module.sealed);
  await connected(url, (client) => refuseOtherKeys(client, keys.all(), sealed));
}
