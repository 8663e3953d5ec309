import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';

/** False where PgBouncer is not installed: `apt-get install pgbouncer` brings it. */
export const pgbouncerIsHere = spawnSync('pgbouncer', ['--version']).status === 0;

export interface Pooler {
  /** The same database, as the same user, through the pooler. */
  through(url: string): string;
  stop(): Promise<void>;
}

const SETTINGS = join(import.meta.dirname, '../pgbouncer/pgbouncer.ini');

/** A PgBouncer with the settings of compose.yaml in front of the server of these addresses, for their users. It answers when this resolves. */
export async function startPooler(urls: readonly string[]): Promise<Pooler> {
  const folder = mkdtempSync(join(tmpdir(), 'souk-pgbouncer-'));
  const port = await freePort();
  const accounts = urls.map((url) => new URL(url));
  const { hostname, port: behind } = accounts[0]!;
  const users = accounts.map(({ username, password }) => `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`);
  writeFileSync(join(folder, 'users'), users.join(''));
  const own = {
    '*': `host=${hostname} port=${behind}`,
    listen_addr: '127.0.0.1',
    listen_port: port,
    auth_type: 'plain',
    auth_file: join(folder, 'users'),
  };
  const settings = readFileSync(SETTINGS, 'utf8').replaceAll(/^(\S+) = .*$/gm, (line, name) =>
    name in own ? `${name} = ${own[name as '*']}` : line,
  );
  writeFileSync(join(folder, 'pgbouncer.ini'), settings);
  chmodSync(folder, 0o755);
  const asRoot = process.getuid?.() === 0;
  const server = spawn('pgbouncer', [...(asRoot ? ['-u', 'nobody'] : []), join(folder, 'pgbouncer.ini')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const through = (url: string): string => Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(port) }).href;
  while (!(await answers(through(urls[0]!)))) {
    if (server.exitCode !== null) throw new Error(`PgBouncer ended with ${server.exitCode}.`);
    await sleep(20);
  }
  return {
    through,
    async stop() {
      server.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
