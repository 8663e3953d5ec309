import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface PgbenchFigures {
  /** `select … where aid = …` by primary key, per second. */
  reads: number;
  /** Three statements in a durable transaction, per second. */
  writes: number;
}

/** What pgbench, PostgreSQL's own load tool, makes of this machine; undefined where it is not installed. */
export async function pgbench(url: string, connections: number, seconds: number): Promise<PgbenchFigures | undefined> {
  const tps = async (...script: string[]): Promise<number> => {
    const { stdout } = await run('pgbench', [
      ...script,
      '-n',
      '-M',
      'prepared',
      '-c',
      `${connections}`,
      '-j',
      '1',
      '-T',
      `${seconds}`,
      url,
    ]);
    return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
  };
  try {
    await run('pgbench', ['-i', '-q', '-s', '10', url]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return { reads: await tps('-S'), writes: await tps('-N') };
}
