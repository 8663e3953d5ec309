import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { closeRunFolder, openRunFolder } from './run-folder.ts';

/** Runs all tests, then looks whether every declared problem was caused by one of them. */
const folder = await openRunFolder();
const file = join(folder, 'problems');
writeFileSync(file, '');
const failed =
  (await run('node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2))) || (await run('test/problems-covered.ts', file));
closeRunFolder(folder);
process.exit(failed);

/** Runs a program to its end. When we are told to end, or whoever started us is gone, so is the program. */
async function run(script: string, ...args: string[]): Promise<number> {
  const child = spawn(process.execPath, [script, ...args], { stdio: 'inherit', env: { ...process.env, PROBLEMS_FILE: file } });
  const stop = () => child.kill('SIGTERM');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid !== parent && stop(), 500);
  const [code] = await once(child, 'exit');
  clearInterval(watch);
  return code ?? 1;
}
