import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Module } from '#kernel/module.ts';
import { type GatewayOptions, gatewayConfig } from '../gateway.ts';
import { isTaken } from './free-port.ts';

/** False where nginx is not installed: `apt-get install nginx-light` brings it. */
export const nginxIsHere = spawnSync('nginx', ['-v']).status === 0;

export interface Gateway {
  url: string;
  /** Ends it as a power cut does; `start` brings it back. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The gateway of these modules on a port of this machine. It answers when this resolves. @throws Error when nginx ends instead. */
export async function startGateway(port: number, modules: readonly Module[], replicasOf: GatewayOptions['replicasOf']): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'souk-gateway-'));
  chmodSync(folder, 0o755);
  const config = join(folder, 'nginx.conf');
  writeFileSync(config, gatewayConfig(modules, { listen: `127.0.0.1:${port}`, temporary: folder, ...(replicasOf ? { replicasOf } : {}) }));
  const url = `http://127.0.0.1:${port}`;
  let server: ChildProcess;
  let ended: Promise<void>;
  let said = '';

  const answers = () =>
    fetch(`${url}/livez`).then(
      () => true,
      () => false,
    );
  const start = async (): Promise<void> => {
    server = spawn('nginx', ['-c', config, '-p', folder, '-e', 'stderr', '-g', 'daemon off;'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    server.stderr!.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-4000);
    });
    ended = new Promise((resolve) => server.once('exit', () => resolve()));
    while (!(await answers())) {
      if (server.exitCode !== null) throw new Error(`nginx ended with ${server.exitCode}: ${said}`);
      await sleep(20);
    }
  };

  if (await isTaken(port)) throw new Error(`Port ${port} is taken by another program.`); // which would answer in its place
  await start();
  return {
    url,
    start,
    async kill() {
      process.kill(-server.pid!, 'SIGKILL'); // its workers too
      await ended;
    },
    async stop() {
      server.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
