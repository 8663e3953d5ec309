import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { freePort } from '../infra/local/free-port.ts';

export interface Server {
  url: string;
  pid: number;
  /** Milliseconds from the start of the process to its first answer. */
  startMs: number;
  /** Resident memory, MiB. */
  memory(): number;
  stop(): Promise<void>;
}

/** Starts one of the two servers as a process of its own and waits for its first answer. */
export async function startServer(script: string, ready: string, env: Record<string, string>, checkout = '.'): Promise<Server> {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, ...env, PORT: String(port) },
    cwd: checkout,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await firstAnswer(child, url + ready);
  return {
    url,
    pid: child.pid as number,
    startMs: Math.round(performance.now() - started),
    memory: () => Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)]).toString()) / 1024),
    stop: () =>
      new Promise((done) => {
        child.once('exit', () => done());
        child.kill('SIGTERM');
      }),
  };
}

async function firstAnswer(child: ChildProcess, url: string): Promise<void> {
  while (child.exitCode === null) {
    const reply = await fetch(url).catch(() => undefined);
    if (reply?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('A server of the comparison ended before it answered.');
}
