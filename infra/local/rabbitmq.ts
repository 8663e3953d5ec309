import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from 'rabbitmq-client';
import { freePort } from './free-port.ts';

/** Where Debian's package puts what the wrapper in /usr/sbin calls. */
const PROGRAM = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** Undefined where RabbitMQ is not installed: `apt-get install rabbitmq-server` brings it. */
export const rabbitIsHere = existsSync(PROGRAM);

export interface RabbitMq {
  url: string;
  /** To the broker and all that it started: SIGSTOP, SIGCONT. */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** A RabbitMQ of one's own on free ports, with its own folder. It answers when this resolves: about five seconds. */
export async function startRabbitMq(): Promise<RabbitMq> {
  const folder = mkdtempSync(join(tmpdir(), 'souk-rabbitmq-'));
  const [port, distribution, names] = await Promise.all([freePort(), freePort(), freePort()]);
  const env = {
    ...process.env,
    HOME: folder,
    ERL_EPMD_PORT: String(names),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `souk${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1 +sbwt none',
  };
  const server = spawn(PROGRAM, [], { env, stdio: 'ignore', detached: true });
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  await answers(url, server);
  return {
    url,
    signal: (name) => process.kill(-server.pid!, name),
    async stop() {
      server.kill('SIGTERM');
      await ended;
      spawnSync('epmd', ['-kill'], { env, stdio: 'ignore' });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  const connection = new Connection({ url, retryLow: 200, retryHigh: 500 });
  connection.on('error', () => {});
  const ended = new Promise<never>((_, reject) => server.once('exit', (code) => reject(new Error(`RabbitMQ ended with ${code}.`))));
  try {
    await Promise.race([connection.onConnect(60_000), ended]);
  } finally {
    await connection.close();
  }
}
