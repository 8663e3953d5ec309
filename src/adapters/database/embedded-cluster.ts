import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Binaries } from './embedded-binaries.ts';
import type { Home } from './embedded-home.ts';

/** Where the files of one PostgreSQL are, and its password. */
export interface Place {
  home: Home;
  data: string;
  password: string;
}

/** The files of one PostgreSQL, ready to be served. */
export interface Cluster extends Place {
  binaries: Binaries;
  logFile: string;
}

/** Finds the files of the database in its home, or makes them. A creation that was cut short leaves nothing in the way. */
export function openCluster(home: Home, binaries: Binaries, log: (line: string) => void, isLasting: boolean): Cluster {
  const data = join(home.path, 'data');
  clearUnfinished(home, data, log);
  const password = passwordIn(home, existsSync(data));
  if (!existsSync(data)) create(home, binaries, data, isLasting);
  chmodSync(data, 0o700); // PostgreSQL insists, and a copy may have lost it
  const made = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  const ours = versionOf(binaries);
  if (made !== ours)
    throw new Error(
      `The database in ${home.path} was made by PostgreSQL ${made} and this is ${ours}: move its content with pg_dump of version ${made}.`,
    );
  return { home, binaries, data, password, logFile: join(home.path, 'postgres.log') };
}

/** The files that somebody else has made in this home; undefined while there are none. It touches nothing. */
export function placeIn(home: Home): Place | undefined {
  const data = join(home.path, 'data');
  return existsSync(data) ? { home, data, password: passwordIn(home, true) } : undefined;
}

/** The address of a database of the cluster while it listens on a port. */
export function urlOf({ password }: Place, port: number, database = 'souk'): string {
  return `postgres://souk:${password}@127.0.0.1:${port}/${database}`;
}

/** Runs one of PostgreSQL's programs to its end, as the account of the server. */
export function runToEnd(program: string, home: Home, args: string[]): { ok: boolean; output: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, { ...asServer(home), encoding: 'utf8' });
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trim() };
}

/** How to start a program as the server's account. Our environment is not for it: it may hold keys. */
export function asServer({ path, account }: Home) {
  const env = { PATH: process.env.PATH, LC_ALL: 'C', SystemRoot: process.env.SystemRoot, LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH };
  return { ...account, cwd: path, env };
}

function clearUnfinished(home: Home, data: string, log: (line: string) => void): void {
  for (const name of readdirSync(home.path)) {
    // An initdb that outlived its parent may still be writing there, for a moment.
    if (name.startsWith('data.new-')) rmSync(join(home.path, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
  const isWhole = ['PG_VERSION', 'postgresql.conf', 'global/pg_control'].every((file) => existsSync(join(data, file)));
  if (!existsSync(data) || isWhole) return;
  const aside = `${data}.unfinished-${Date.now()}`;
  renameSync(data, aside);
  log(`the files in ${data} are not a whole database: they were moved to ${aside}`);
}

function passwordIn(home: Home, isMade: boolean): string {
  const file = join(home.path, 'password');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  if (isMade) throw new Error(`The password of the database is missing: it was in ${file}.`);
  const password = randomBytes(24).toString('base64url');
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  if (home.account) chownSync(file, home.account.uid, home.account.gid); // initdb reads it too
  return password;
}

/** Creates the files under another name and moves them into place when they are whole. */
function create(home: Home, binaries: Binaries, data: string, isLasting: boolean): void {
  const unfinished = `${data}.new-${process.pid}`;
  mkdirSync(unfinished, { mode: 0o700 });
  if (home.account) chownSync(unfinished, home.account.uid, home.account.gid);
  const args = ['-D', unfinished, '-U', 'souk', '--pwfile', join(home.path, 'password'), '--auth', 'scram-sha-256', ...locale('C.UTF-8')];
  if (!isLasting) args.push('--no-sync');
  let made = runToEnd(binaries.initdb, home, args);
  // Without that locale letters beyond ASCII are no letters to pg_trgm; where the system has none, better that than nothing.
  if (!made.ok && made.output.includes('invalid locale name')) made = runToEnd(binaries.initdb, home, [...args, ...locale('C')]);
  if (!made.ok) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new Error(`PostgreSQL could not be set up in ${home.path} (${lastLine(made.output)}): mend that, or set DATABASE_URL.`);
  }
  renameSync(unfinished, data);
}

function locale(letters: string): string[] {
  return ['-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', `--lc-ctype=${letters}`];
}

function versionOf(binaries: Binaries): string {
  const { ok, output } = runToEnd(binaries.postgres, { path: '/' }, ['--version']);
  if (!ok) throw new Error(`PostgreSQL does not run on this machine (${lastLine(output)}): set DATABASE_URL to one that does.`);
  return output.match(/(\d+)\.\d+/)?.[1] ?? output;
}

function lastLine(text: string): string {
  return (
    text
      .split('\n')
      .findLast((line) => /error|fatal|:/i.test(line))
      ?.trim() ?? 'it says nothing'
  );
}
