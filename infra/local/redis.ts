import { spawn, spawnSync } from 'node:child_process';
import { createClient } from '@redis/client';
import { freePort } from './free-port.ts';

/** False where Redis is not installed: `apt-get install redis-server` brings it. */
export const redisIsHere = spawnSync('redis-server', ['--version']).status === 0;

export interface Redis {
  url: string;
  /** SIGSTOP, SIGCONT. */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** A Redis of one's own on a free port, which writes nothing to disk. It answers when this resolves. */
export async function startRedis(): Promise<Redis> {
  const port = await freePort();
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: 'ignore',
    detached: true, // Ctrl-C ends the services first
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const url = `redis://127.0.0.1:${port}`;
  const client = createClient({ url, socket: { reconnectStrategy: () => 50 } }).on('error', () => {});
  const failed = ended.then(() => Promise.reject(new Error('Redis ended before it answered.')));
  failed.catch(() => {}); // later it may end
  try {
    await Promise.race([client.connect(), failed]);
  } finally {
    client.destroy();
  }
  return {
    url,
    signal: (name) => server.kill(name),
    async stop() {
      server.kill('SIGCONT');
      server.kill('SIGTERM');
      await ended;
    },
  };
}
