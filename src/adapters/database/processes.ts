import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When a running process began, in the system's own words: together with the pid it names one process for ever.
 * Undefined when no such process runs; one that has ended and only waits to be collected does not run.
 */
export function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const [state, ...fields] =
      contentOf(`/proc/${pid}/stat`)
        ?.replace(/^.*\) /s, '')
        .split(' ') ?? [];
    const isRunning = state && state !== 'Z' && state !== 'X';
    return isRunning ? `${contentOf('/proc/sys/kernel/random/boot_id')?.trim()} ${fields[18]}` : undefined;
  }
  if (process.platform === 'win32') return isThere(pid) ? 'unknown' : undefined;
  const [state, ...began] = ps(pid, 'stat=,lstart=').split(/\s+/);
  return state && !state.startsWith('Z') ? began.join(' ') : undefined;
}

/** Looks again and again whether a process that runs now still does, at little cost. */
export function stillRuns(pid: number): () => boolean {
  const began = process.platform === 'linux' ? startOf(pid) : undefined;
  return () => (process.platform === 'linux' ? startOf(pid) === began && began !== undefined : isThere(pid));
}

/** The command line of a running process, or undefined where there is none to see. */
export function commandOf(pid: number): string | undefined {
  const command = process.platform === 'linux' ? contentOf(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') : ps(pid, 'command=');
  return command?.trim() || undefined;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function ps(pid: number, columns: string): string {
  return process.platform === 'win32'
    ? ''
    : (spawnSync('ps', ['-o', columns, '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '').trim();
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's
  }
}
