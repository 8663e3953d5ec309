import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { startEmbeddedPostgres } from './embedded.ts';
import { stopServer } from './embedded-server.ts';
import type { RunningDatabase } from './port.ts';
import { commandOf } from './processes.ts';

/** For tests of the embedded PostgreSQL: each test gets a folder of its own with a database in it, and leaves no process behind. */

export const options = { fsync: 'off' };
export let testFolder: string;
export let folder: string;
export let said: string[];
const running: RunningDatabase[] = [];
const children: ChildProcess[] = [];

/** A database made once: most tests begin with a copy of it, which is quicker than making one. */
let made: string;

export function useTestFolders(): void {
  beforeAll(async () => {
    made = openRoom();
    folder = join(made, 'database');
    await (await start()).stop();
  });

  afterAll(() => rmSync(made, { recursive: true }));

  beforeEach(() => {
    testFolder = openRoom();
    folder = join(testFolder, 'database');
    cpSync(join(made, 'database'), folder, { recursive: true });
    said = [];
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const database of running.splice(0)) await database.stop();
    if (existsSync(join(folder, 'data/postmaster.pid')) && isServing(serverPid())) await stopServer(serverPid());
    rmSync(testFolder, { recursive: true, force: true });
  });
}

function openRoom(): string {
  const path = mkdtempSync(join(tmpdir(), 'souk-embedded-'));
  chmodSync(path, 0o755);
  return path;
}

/** For the tests of how a database is made. */
export function begin(): void {
  rmSync(folder, { recursive: true });
}

export async function start(settings: Record<string, string> = options): Promise<RunningDatabase> {
  const database = await startEmbeddedPostgres({ folder, options: settings, log: (line) => said.push(line) });
  running.push(database);
  return database;
}

export async function visit(): Promise<RunningDatabase> {
  const database = await startEmbeddedPostgres({ folder, options, visit: true });
  running.push(database);
  return database;
}

export async function startInChild(): Promise<ChildProcess> {
  const child = startChild();
  await readyOf(child);
  return child;
}

export function startChild({ node = process.execPath, ...account }: { node?: string; uid?: number; gid?: number } = {}): ChildProcess {
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, 'embedded.ts'))};
    const database = await startEmbeddedPostgres({ folder: ${JSON.stringify(folder)}, options: { fsync: 'off' } });
    process.on('SIGTERM', () => database.stop().then(() => process.exit()));
    setInterval(() => {}, 1000);
    console.log('ready');`;
  const child = spawn(node, ['--input-type=module', '-e', program], { ...account, cwd: testFolder, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

export async function readyOf(child: ChildProcess): Promise<void> {
  await Promise.race([once(child.stdout!, 'data'), once(child, 'exit').then(() => Promise.reject(new Error('the child ended')))]);
}

export async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

export function isServing(pid: number): boolean {
  return commandOf(pid)?.includes(folder) ?? false;
}

export function serverPid(): number {
  return Number.parseInt(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8'), 10);
}

export async function ask(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}
