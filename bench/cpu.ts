import { readdirSync, readFileSync } from 'node:fs';

const TICK_MS = 10;

/** CPU time of a process, without and with its children that have ended. */
export function fieldsOf(pid: number): { parent: number; ms: number; withEndedMs: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
  return { parent: fields[1] ?? 0, ms: (user + system) * TICK_MS, withEndedMs: (user + system + endedUser + endedSystem) * TICK_MS };
}

/** CPU time of PostgreSQL: its first process, those that it has started, and those that have ended. */
export function treeMs(postmaster: number): number {
  let ms = fieldsOf(postmaster).withEndedMs;
  for (const name of readdirSync('/proc'))
    if (/^\d+$/.test(name))
      try {
        const fields = fieldsOf(Number(name));
        if (fields.parent === postmaster) ms += fields.withEndedMs;
      } catch {} // it has ended meanwhile
  return ms;
}
