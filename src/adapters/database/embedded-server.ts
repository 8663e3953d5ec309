import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fchownSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { asServer, type Cluster, type Place, urlOf } from './embedded-cluster.ts';
import { configuration } from './embedded-settings.ts';
import { commandOf, startOf } from './processes.ts';

export interface Server {
  pid: number;
  port: number;
}

const patienceMs = 30_000;
const recoveryMs = 300_000;
const largeLogBytes = 10 * 1024 * 1024;

/**
 * Serves the cluster: by the server that an earlier run left behind when it is healthy and set as we want it, else by
 * a new one, at the port that is asked for or any other. What passes by itself (processes that are still ending, a port just
 * taken) is tried again for 30 s.
 */
export async function serve(cluster: Cluster, options: Record<string, string>, log: (line: string) => void, at?: number): Promise<Server> {
  const left = await leftBehind(cluster, options, log);
  if (left) return left;
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const port = at ?? (await freePort());
    writeFileSync(join(cluster.data, 'postgresql.conf'), configuration(port, options));
    const started = await launch(cluster, port, log);
    if ('pid' in started) return started;
    const mayPass = /already exists|still in use|could not create any TCP/.test(started.failure);
    if (!mayPass || Date.now() > deadline) throw new Error(`PostgreSQL did not start: ${started.failure} (its log is ${cluster.logFile}).`);
    await sleep(300);
  }
}

/** Ends a server and waits until it is gone: open transactions are rolled back, what was committed is on disk. */
export async function stopServer(pid: number, fastMs = patienceMs): Promise<void> {
  const began = startOf(pid);
  const isGone = () => began === undefined || startOf(pid) !== began;
  const steps = [
    ['SIGINT', fastMs],
    ['SIGQUIT', 5000],
    ['SIGKILL', 5000],
  ] as const; // fast, at once, by force
  for (const [signal, forMs] of steps) {
    if (isGone()) return;
    signalTo(pid, signal);
    if (await holds(isGone, forMs)) return;
  }
  throw new Error(`PostgreSQL (process ${pid}) could not be stopped.`);
}

/** The server that another process runs on these files, once it answers. */
export async function runningServer(place: Place): Promise<Server | undefined> {
  const file = pidFileOf(place);
  return file?.status === 'ready' && startOf(file.pid) !== undefined && (await isReady(place, file.port)) ? file : undefined;
}

async function leftBehind(cluster: Cluster, options: Record<string, string>, log: (line: string) => void): Promise<Server | undefined> {
  const left = pidFileOf(cluster);
  if (!left || startOf(left.pid) === undefined) return undefined;
  if (!commandOf(left.pid)?.endsWith(`-D ${cluster.data}`)) {
    disown(cluster);
    return undefined;
  }
  const asWanted = readFileSync(join(cluster.data, 'postgresql.conf'), 'utf8') === configuration(left.port, options);
  if (asWanted && (await isReady(cluster, left.port))) {
    log(`using the PostgreSQL that an earlier run left running (process ${left.pid})`);
    return { pid: left.pid, port: left.port };
  }
  log(`stopping the PostgreSQL that an earlier run left running (process ${left.pid})`);
  await stopServer(left.pid, 5000);
  return undefined;
}

interface PidFile extends Server {
  status: string | undefined;
}

function pidFileOf({ data }: Place): PidFile | undefined {
  const file = join(data, 'postmaster.pid');
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const [pid, , , port, , , , status] = content.split('\n');
  return { pid: Number(pid), port: Number(port), status: status?.trim() };
}

/**
 * Says that the pid in postmaster.pid is not the server's any more, since another program has got it. PostgreSQL takes
 * its parent's pid for a stale one; deleting the file instead would also delete its check for children still at work.
 */
function disown({ data }: Cluster): void {
  const file = join(data, 'postmaster.pid');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^.*/, String(process.pid)));
}

async function launch(cluster: Cluster, port: number, log: (line: string) => void): Promise<Server | { failure: string }> {
  const { child, said } = spawnServer(cluster);
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = `it ended at once (${signal ?? code})`;
  });
  try {
    const startedMs = Date.now();
    for (let words = 1; ended === undefined; await sleep(20)) {
      const file = pidFileOf(cluster);
      if (file?.pid === child.pid && file?.status === 'ready' && (await isReady(cluster, port))) return { pid: file.pid, port };
      const waitedMs = Date.now() - startedMs;
      if (waitedMs > recoveryMs) throw new Error(`PostgreSQL was not ready after ${recoveryMs / 1000} s: its log is ${cluster.logFile}.`);
      if (waitedMs > words * 10_000) {
        log('PostgreSQL is still starting, it may be recovering from a crash');
        words++;
      }
    }
  } catch (error) {
    await stopServer(child.pid!);
    throw error;
  }
  return { failure: reasonIn(said()) ?? ended };
}

/** Starts the server in a session of its own, so that neither Ctrl-C nor our end reaches it. */
function spawnServer(cluster: Cluster): { child: ChildProcess; said: () => string } {
  const { logFile, binaries, data, home } = cluster;
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > largeLogBytes) renameSync(logFile, `${logFile}.old`);
  const out = openSync(logFile, 'a', 0o600);
  if (home.account) fchownSync(out, home.account.uid, home.account.gid);
  const before = statSync(logFile).size;
  try {
    const child = spawn(binaries.postgres, ['-D', data], { ...asServer(home), detached: true, stdio: ['ignore', out, out] });
    child.unref();
    return { child, said: () => readFileSync(logFile).subarray(before).toString() };
  } finally {
    closeSync(out);
  }
}

function reasonIn(said: string): string | undefined {
  return said
    .split('\n')
    .findLast((line) => line.includes('FATAL:'))
    ?.replace(/^.*FATAL:\s*/, '');
}

/** Whether the server answers; its first answer makes the database `souk`. */
async function isReady(cluster: Place, port: number): Promise<boolean> {
  const client = new pg.Client({
    connectionString: urlOf(cluster, port, 'postgres'),
    connectionTimeoutMillis: 2000,
    query_timeout: 30_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rowCount } = await client.query("select from pg_database where datname = 'souk'");
    if (!rowCount) await client.query('create database souk');
    return true;
  } catch (error) {
    if ((error as { code?: string }).code !== '28P01') return false;
    throw new Error(`The password in ${join(cluster.home.path, 'password')} is not that of the database.`);
  } finally {
    await client.end().catch(() => {});
  }
}

function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port is free'))));
    });
  });
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function holds(condition: () => boolean, forMs: number): Promise<boolean> {
  const deadline = Date.now() + forMs;
  while (!condition()) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}
