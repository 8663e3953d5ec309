import { pino, stdSerializers } from 'pino';

const atMost = 20;
let lines: string[] = [];

/**
 * The log of a world that was given none. What Souk logs as an error (the cause of a 500, a failed job) is shown when
 * the test fails, with its stack; a test that passes stays quiet.
 */
export const testLog = pino({ level: 'error', base: null, serializers: { err: stdSerializers.err } }, { write: noteError });

/** Notes one line of a JSON log, of a process of its own for instance. */
export function noteError(line: string): void {
  if (lines.length < atMost) lines.push(line);
}

/** What was logged since the last call, for people. */
export function takeErrors(): string {
  const taken = lines.map(readable).join('\n');
  lines = [];
  return taken;
}

function readable(line: string): string {
  try {
    const { level: _, time: __, msg, err, ...more } = JSON.parse(line);
    const { stack, type: ___, message: ____, ...fields } = err ?? {};
    const about = Object.keys({ ...more, ...fields }).length > 0 ? ` ${JSON.stringify({ ...more, ...fields })}` : '';
    return `${msg ?? ''}${about}\n${stack ?? ''}`.trim();
  } catch {
    return line;
  }
}
