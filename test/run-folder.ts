import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { startOf } from '../src/adapters/database/processes.ts';
import { sweep } from './sweep.ts';

const PREFIX = 'souk-run-';
const MEMORY = '/dev/shm';
const PLENTY_BYTES = 4 * 2 ** 30;

/**
 * Makes a folder that holds all the folders of this run of tests, and is gone with it: when this process ends, however it ends,
 * another one stops every process that was started in the folder, and deletes it. What a power cut left is deleted by the next run.
 * It is the temporary folder of this process until `close`, which deletes it at the good end of a run.
 */
export async function openRunFolder(): Promise<{ folder: string; close: () => void }> {
  for (const left of leftFolders()) await sweep(left);
  const folder = mkdtempSync(join(place(), PREFIX));
  chmodSync(folder, 0o755); // PostgreSQL may run as another user
  writeFileSync(join(folder, 'owner'), JSON.stringify({ pid: process.pid, started: startOf(process.pid) }));
  const sweeper = spawn(process.execPath, [join(import.meta.dirname, 'sweep.ts'), folder], {
    cwd: tmpdir(),
    detached: true, // Ctrl-C is not for it
    stdio: ['pipe', 'ignore', 'ignore'], // its input ends when we end
  });
  sweeper.unref();
  (sweeper.stdin as unknown as { unref(): void }).unref();
  sweeper.stdin.on('error', () => {});
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  return {
    folder,
    close: () => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    },
  };
}

/** In memory where there is plenty, and TMPDIR does not say otherwise: making a world there takes a tenth of the work. */
function place(): string {
  if (process.env.TMPDIR) return tmpdir();
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return Math.min(bavail * bsize, freemem()) > PLENTY_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Folders of runs whose process is gone. */
function leftFolders(): string[] {
  return [...new Set([tmpdir(), place()])]
    .flatMap((base) => readdirSync(base).map((name) => join(base, name)))
    .filter((path) => basename(path).startsWith(PREFIX))
    .filter((folder) => {
      try {
        const { pid, started } = JSON.parse(readFileSync(join(folder, 'owner'), 'utf8'));
        return startOf(pid) !== started;
      } catch {
        return false; // just made, or somebody else's
      }
    });
}
