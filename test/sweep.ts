import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Stops every process that was started in a folder, and deletes the folder. As a program (`node test/sweep.ts <folder>`) it does so
 * once its input ends: then the process that holds the other end is gone.
 */
export async function sweep(folder: string): Promise<void> {
  const places = [folder, ...placesElsewhere(folder)];
  for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
    // PostgreSQL gives its shared memory back when it is asked to quit at once; the others need no time.
    for (let waits = 0; waits < 50; waits++) {
      const found = processesIn(places);
      if (found.length === 0) break;
      for (const { pid, isPostgres } of found) tell(pid, isPostgres ? signal : 'SIGKILL');
      await sleep(100);
    }
  }
  for (const place of places) {
    for (const mount of mountsIn(place)) spawnSync('umount', ['-l', mount]);
    await remove(place);
  }
}

/** Tries again while another sweep deletes the same, or a process that is ending still writes. */
async function remove(place: string): Promise<void> {
  for (let tries = 0; tries < 50 && existsSync(place); tries++) {
    try {
      rmSync(place, { recursive: true, force: true });
    } catch {
      await sleep(200);
    }
  }
}

/** Where the files of an embedded PostgreSQL lie that cannot enter its folder; a note there says it. */
function placesElsewhere(folder: string): string[] {
  return globSync('**/location', { cwd: folder })
    .map((name) => read(() => readFileSync(join(folder, name), 'utf8').trim()))
    .filter((place) => dirname(place) === '/var/lib/souk');
}

export interface Found {
  pid: number;
  isPostgres: boolean;
}

/** Processes whose command, working folder or TMPDIR is one of these places. */
export function processesIn(places: readonly string[]): Found[] {
  const isIn = (text: string) => places.some((place) => text.includes(place));
  if (process.platform !== 'linux')
    return spawnSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' })
      .stdout.split('\n')
      .map((line) => ({ pid: Number.parseInt(line, 10), isPostgres: line.includes('postgres'), isOurs: isIn(line) }))
      .filter(({ pid, isOurs }) => isOurs && pid !== process.pid);
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    const command = read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    const about = [command, read(() => readlinkSync(`/proc/${pid}/cwd`)), read(() => readFileSync(`/proc/${pid}/environ`, 'utf8'))];
    return about.some(isIn) && !command.includes('test/sweep.ts') ? [{ pid, isPostgres: command.includes('postgres') }] : [];
  });
}

function mountsIn(place: string): string[] {
  return read(() => readFileSync('/proc/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${place}/`));
}

function read(from: () => string): string {
  try {
    return from();
  } catch {
    return ''; // gone meanwhile, or another user's
  }
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {} // gone meanwhile
}

if (process.argv[1] === import.meta.filename) {
  process.stdin.resume().on('error', () => {});
  await new Promise((ended) => process.stdin.once('close', ended));
  await sweep(process.argv[2]!);
}
