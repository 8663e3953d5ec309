import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOf } from './processes.ts';

interface Holder {
  pid: number;
  started: string | undefined;
  host: string;
}

const beatMs = 3000;
const silentMs = 15_000;

/**
 * Makes this process the only one that uses a folder, until the returned function is called or the process ends.
 * A lock whose process is gone is taken over. A process of another host (a container on the same volume) cannot be
 * looked up: so a holder touches its lock, and the lock of one that has fallen silent is taken over too.
 * @throws Error with a sentence for the operator when another process has the folder.
 */
export async function lockFolder(folder: string): Promise<() => void> {
  const lock = join(folder, 'lock');
  const own = `${lock}.${randomUUID()}`;
  const holder: Holder = { pid: process.pid, started: startOf(process.pid), host: hostname() };
  const mine = JSON.stringify({ ...holder, own });
  writeFileSync(own, mine, { mode: 0o600 });
  try {
    while (!(await claim(lock, own, mine))) {
      const other = holderOf(lock);
      if (other && (await isAlive(other, lock))) throw new Error(refusal(folder, other));
      rmSync(lock, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
  const heartbeat = setInterval(() => touch(lock, mine), beatMs).unref();
  return () => {
    clearInterval(heartbeat);
    if (contentOf(lock) === mine) rmSync(lock, { force: true });
  };
}

/** Whether a living process has the folder. */
export async function isLocked(folder: string): Promise<boolean> {
  const lock = join(folder, 'lock');
  const holder = holderOf(lock);
  return holder !== undefined && isAlive(holder, lock);
}

async function claim(lock: string, own: string, mine: string): Promise<boolean> {
  try {
    linkSync(own, lock); // a link appears whole, and for one only
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  await sleep(20); // two that removed the same old lock may both have come so far: the last one has it
  return contentOf(lock) === mine;
}

async function isAlive({ pid, started, host }: Holder, lock: string): Promise<boolean> {
  if (host === hostname()) return started !== undefined && startOf(pid) === started;
  const touched = touchedAt(lock);
  while (Date.now() - touched < silentMs) {
    await sleep(500);
    if (touchedAt(lock) > touched) return true;
  }
  return false;
}

function touch(lock: string, mine: string): void {
  if (contentOf(lock) !== mine) return;
  try {
    utimesSync(lock, new Date(), new Date());
  } catch {} // a full disk or a removed folder must not end the process here
}

function holderOf(lock: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(lock, 'utf8'));
  } catch {
    return undefined; // released just now, or damaged
  }
}

function refusal(folder: string, { pid, host }: Holder): string {
  const who = host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
  return `Another Souk (${who}) uses the database in ${folder}: stop it first, or give this one a folder of its own.`;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function touchedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
