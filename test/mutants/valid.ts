import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { onServer } from '../postgres.ts';
import type { Outcome } from './runner.ts';

/** Whether Node can read the file. Its types may be wrong: that Node does not look at them is what the tests are for. */
export function isSyntax(path: string): boolean {
  try {
    stripTypeScriptTypes(readFileSync(path, 'utf8'));
    return true;
  } catch {
    return false;
  }
}

/** Runs with worlds that are made by the migrations as they are now; those that cannot be run are no valid mutants. */
export async function withTemplate(copy: string, serverUrl: string, run: () => Promise<Outcome>): Promise<Outcome | undefined> {
  const { makeTemplate } = (await import(join(copy, 'test/postgres.ts'))) as typeof import('../postgres.ts');
  await onServer(serverUrl, 'alter database souk_template rename to souk_unbroken');
  try {
    const isMade = await makeTemplate(serverUrl).then(
      () => true,
      () => false,
    );
    return isMade ? await run() : undefined;
  } finally {
    await onServer(serverUrl, 'drop database if exists souk_template with (force)');
    await onServer(serverUrl, 'alter database souk_unbroken rename to souk_template');
  }
}
