import { resolve } from 'node:path';
import { startDatabase } from '#adapters/database/index.ts';
import type { RunningDatabase } from '#adapters/database/port.ts';
import { modulesHere } from '#kernel/fitting.ts';
import type { Module } from '#kernel/module.ts';
import { awaitDatabase, prepareDatabase } from '#kernel/prepare-database.ts';
import type { Settings } from '#kernel/settings.ts';

/**
 * The database of the settings: started or reached, found to belong to the keys, and brought to this version.
 * With `visit` it is shared with a Souk at work on it.
 * @throws Error with a sentence for the operator; then nothing of ours runs.
 */
export async function openDatabase(
  settings: Settings,
  modules: readonly Module[],
  { log = () => {}, visit = false }: Options = {},
): Promise<RunningDatabase> {
  const { databaseUrl, databaseDirectUrl, dataFolder, keys, migrates } = settings;
  // Before a pooler is asked: the process that migrates also makes the role that this process signs in as.
  const wait = (url: string) => awaitDatabase(url, modules, modulesHere(modules, settings), keys, log);
  const given = databaseDirectUrl ?? databaseUrl;
  if (!migrates && given) await wait(given);
  const database = await startDatabase({ databaseUrl, folder: resolve(dataFolder, 'postgres'), log, visit });
  try {
    const url = databaseDirectUrl ?? database.url;
    if (!migrates) {
      if (!given) await wait(url);
      return database;
    }
    const applied = await prepareDatabase(url, modules, keys);
    if (applied > 0) log(`Database migrated (${applied} files).`);
    return database;
  } catch (error) {
    await database.stop();
    throw error;
  }
}

interface Options {
  log?: (line: string) => void;
  visit?: boolean;
}
