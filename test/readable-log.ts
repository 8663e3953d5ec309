import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';

/** A log that can be read, line by line. */
export function readableLog(): { log: Logger; lines: () => Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      for (const line of String(chunk).trim().split('\n')) lines.push(JSON.parse(line));
      done();
    },
  });
  return { log: pino({ level: 'info' }, stream), lines: () => lines };
}
