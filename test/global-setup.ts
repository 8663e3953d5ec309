import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../src/adapters/database/embedded.ts';
import { prepareDatabase } from '../src/kernel/compose.ts';
import { modules } from '../src/modules/index.ts';
import { openSouk } from '../src/souk.ts';
import { closeRunFolder, openRunFolder } from './run-folder.ts';
import { testSettings } from './settings.ts';
import { WATCH_OUTBOX } from './told.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    serverUrl: string;
  }
}

/** One real PostgreSQL for the whole run, and one migrated database that every test's own is copied from. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await openRunFolder();
  const server = await startEmbeddedPostgres({
    folder: join(folder, 'postgres'),
    options: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' },
  });
  const template = databaseUrl(server.url, 'souk_template');
  await onServer(server.url, 'create database souk_template');
  await prepareDatabase(template, modules, testSettings().keys);
  const souk = await openSouk(testSettings(), { databaseUrl: template, retryDelaySeconds: 0 });
  await souk.stop();
  await onServer(template, WATCH_OUTBOX);
  project.provide('serverUrl', server.url);
  return async () => {
    await server.stop();
    closeRunFolder(folder);
  };
}

const databaseUrl = (serverUrl: string, name: string): string => Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}
