import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../src/adapters/database/embedded.ts';
import { WATCH_OUTBOX } from './told.ts';

const root = join(import.meta.dirname, '..');
const cache = join(root, '.souk/test-databases');
const cachedAtMost = 3;
/** Nothing of it outlives the run, and no world waits for another's vacuum. */
const usual = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  autovacuum: 'off',
  max_connections: '600',
};

/** What the content of a new database follows from: migrations, the modules' lists, the kernel, the packages. */
const sources = [
  'package-lock.json',
  'src/souk.ts',
  'src/{kernel,adapters}/**/*.ts',
  'src/modules/**/{module,jobs,subscriptions,index}.ts',
  'src/**/migrations/*.sql',
  'test/{settings,postgres,told}.ts',
];

export interface TestPostgres {
  readonly url: string;
  processes(): number[];
  /** Ends it as a power cut does, and starts it again at the same port after `meanwhile`. */
  outage(meanwhile: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A PostgreSQL for one run of the tests, with a migrated database `souk_template` in it. The files are copied from the
 * last run with the same sources: 0.1 s, where making them takes 2 s.
 */
export async function openTestPostgres(folder: string, more: Record<string, string> = {}): Promise<TestPostgres> {
  const options = { ...usual, ...more };
  const made = join(cache, fingerprint());
  const isMade = existsSync(made);
  if (isMade) copy(made, folder);
  let server = await startEmbeddedPostgres({ folder, options });
  if (!isMade) {
    await makeTemplate(server.url);
    await server.stop();
    store(folder, made);
    server = await startEmbeddedPostgres({ folder, options });
  }
  const port = Number(new URL(server.url).port);
  return {
    url: server.url,
    processes: () => processesOf(folder),
    async outage(meanwhile) {
      for (const pid of processesOf(folder)) process.kill(pid, 'SIGKILL');
      await server.stop();
      await meanwhile();
      server = await startEmbeddedPostgres({ folder, options, port });
    },
    stop: () => server.stop(),
  };
}

/** The first process of PostgreSQL, and its children. */
function processesOf(folder: string): number[] {
  const pid = readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]!;
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', pid], { encoding: 'utf8' });
  return [pid, ...stdout.trim().split(/\s+/)].map(Number);
}

/** Souk itself is loaded only here: loading it takes longer than all the rest. */
export async function makeTemplate(serverUrl: string): Promise<void> {
  const [{ prepareDatabase }, { modules }, { openSouk }, { testSettings }] = await Promise.all([
    import('../src/kernel/prepare-database.ts'),
    import('../src/modules/index.ts'),
    import('../src/souk.ts'),
    import('./settings.ts'),
  ]);
  const template = Object.assign(new URL(serverUrl), { pathname: '/souk_template' }).href;
  await onServer(serverUrl, 'create database souk_template');
  await prepareDatabase(template, modules, testSettings().keys);
  await (await openSouk(testSettings(), { databaseUrl: template, retryDelaySeconds: 0 })).stop();
  await onServer(template, WATCH_OUTBOX);
}

export async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

function fingerprint(): string {
  const hash = createHash('sha256');
  for (const name of sources.flatMap((pattern) => globSync(pattern, { cwd: root })).sort()) {
    if (/\.(test|spec)\.ts$/.test(name)) continue;
    hash.update(name).update(readFileSync(join(root, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Stores the files of a stopped server under their fingerprint: whole or not at all, and no more than a few. */
function store(folder: string, made: string): void {
  const unfinished = `${made}.new-${process.pid}`;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  copy(folder, unfinished);
  try {
    renameSync(unfinished, made);
  } catch {
    rmSync(unfinished, { recursive: true, force: true }); // a run beside this one was faster
  }
  const byAge = readdirSync(cache)
    .map((name) => ({ path: join(cache, name), at: statSync(join(cache, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { path } of byAge.slice(cachedAtMost)) rmSync(path, { recursive: true, force: true });
}

function copy(from: string, to: string): void {
  for (const name of ['data', 'password'])
    cpSync(join(from, name), join(to, name), { recursive: true, mode: constants.COPYFILE_FICLONE, preserveTimestamps: false });
}
