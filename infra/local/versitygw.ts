import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';

/** A release of github.com/versity/versitygw, an S3 server that checks signatures, which `infra/local/versitygw.sh` builds with Go. */
const BINARY = process.env.VERSITYGW ?? join(homedir(), '.cache/souk/bin/versitygw');

export const versitygwIsHere: boolean = existsSync(BINARY) && spawnSync(BINARY, ['--version']).status === 0;

export interface S3Server {
  readonly settings: { bucket: string; region: string; endpoint: string; keys: { accessKeyId: string; secretAccessKey: string } };
  stop(): Promise<void>;
}

/** An S3 server with an empty bucket, in a folder of its own. `told` is the address that is told of what arrives. */
export async function startS3(told?: string): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'souk-s3-'));
  mkdirSync(join(folder, 'data/souk-test'), { recursive: true });
  mkdirSync(join(folder, 'meta'));
  const port = await freePort();
  const keys = { accessKeyId: 'souk', secretAccessKey: 'not-a-secret' };
  const events = told ? ['--event-webhook-url', told] : [];
  const child = spawn(
    BINARY,
    [
      ...[
        '--port',
        `127.0.0.1:${port}`,
        '--access',
        keys.accessKeyId,
        '--secret',
        keys.secretAccessKey,
        '--region',
        'eu-south-1',
        '--quiet',
      ],
      ...events,
      ...['posix', '--sidecar', join(folder, 'meta'), join(folder, 'data')],
    ],
    { stdio: 'ignore' },
  );
  const endpoint = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100 && !(await fetch(endpoint).catch(() => undefined)); tries++) await sleep(50);
  return {
    settings: { bucket: 'souk-test', region: 'eu-south-1', endpoint, keys },
    async stop() {
      const ended = new Promise((end) => child.once('exit', end));
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
