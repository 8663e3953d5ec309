import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRunFolder } from './run-folder.ts';
import { runProgram } from './run-program.ts';

/** Runs all tests, then looks whether every declared problem was caused by one of them. */
const { folder, close } = await openRunFolder();
const file = join(folder, 'problems');
writeFileSync(file, '');
const env = { PROBLEMS_FILE: file };
const failed =
  (await runProgram(env, 'node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2))) ||
  (await runProgram(env, 'test/problems-covered.ts', file));
close();
process.exit(failed);
