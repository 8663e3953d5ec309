import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { openTestPostgres } from './postgres.ts';
import { openRunFolder } from './run-folder.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    serverUrl: string;
  }
}

/** One real PostgreSQL for the whole run, and one migrated database that every test's own is copied from. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { folder, close } = await openRunFolder();
  const server = await openTestPostgres(join(folder, 'postgres'));
  project.provide('serverUrl', server.url);
  return async () => {
    await server.stop();
    close();
  };
}
