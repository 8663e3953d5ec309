import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs all tests, then looks whether every declared problem was caused by one of them. */
const folder = mkdtempSync(join(tmpdir(), 'souk-problems-'));
const file = join(folder, 'problems');
writeFileSync(file, '');
const run = (script: string, ...args: string[]): number =>
  spawnSync(process.execPath, [script, ...args], { stdio: 'inherit', env: { ...process.env, PROBLEMS_FILE: file } }).status ?? 1;
const failed = run('node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)) || run('test/problems-covered.ts', file);
rmSync(folder, { recursive: true, force: true });
process.exit(failed);
