import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, lchownSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '#kernel/folders.ts';

/** Whom the server runs as when we are root, which PostgreSQL refuses to be. */
export interface Account {
  uid: number;
  gid: number;
}

/** Where the files of an embedded PostgreSQL are, and as which user it runs. */
export interface Home {
  path: string;
  account?: Account;
}

/** For root only: what the server's account must reach, when the checkout is closed to it. */
export const sharedFolder = '/var/lib/souk';

/**
 * Makes the folder ready and decides as whom the server runs. Started by root it runs as the owner of the files, or as
 * `postgres` or `nobody`; when they cannot enter the folder (a checkout under /root) the files are in /var/lib/souk,
 * and a note named `location` in the folder says where.
 */
export function openHome(folder: string, log: (line: string) => void): Home {
  const path = realFolder(folder);
  const owner = statSync(join(path, 'data'), { throwIfNoEntry: false });
  const note = join(path, 'location');
  if (process.getuid?.() !== 0) {
    const isForeign = existsSync(note) || (owner && process.getuid && owner.uid !== process.getuid());
    if (isForeign) throw new Error(`The database in ${path} was made by another user: start Souk as that user, or give it another folder.`);
    return { path };
  }
  if (existsSync(note)) return homeAt(readFileSync(note, 'utf8').trim());
  const account = accountFor(path);
  letThrough(path);
  if (canReach(account, path)) return { path, account };
  if (owner)
    throw new Error(
      `The database in ${path} cannot be reached by its own user (uid ${account.uid}): let that user pass through the folders above it.`,
    );
  const elsewhere = join(sharedFolder, randomBytes(6).toString('hex')); // a new name for each note, so that a deleted folder means a new database
  writeFileSync(note, `${elsewhere}\n`);
  log(`PostgreSQL, which root may not run, cannot enter ${path}: its files lie in ${elsewhere}`);
  return homeAt(elsewhere);
}

function homeAt(path: string): Home {
  makeFolder(path);
  for (const folder of [dirname(path), path]) letThrough(folder);
  return { path, account: accountFor(path) };
}

function realFolder(folder: string): string {
  makeFolder(folder);
  return realpathSync(folder);
}

/** Lets everybody pass through a folder, without looking around in it. */
export function letThrough(folder: string): void {
  chmodSync(folder, statSync(folder).mode | 0o011);
}

/** The owner of the files; those that root has put there (from a backup, say) are given to the server's account. */
function accountFor(path: string): Account {
  const data = join(path, 'data');
  const owner = statSync(data, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const account = serverAccount();
  if (owner)
    for (const name of ['.', ...readdirSync(data, { recursive: true, encoding: 'utf8' })])
      lchownSync(join(data, name), account.uid, account.gid);
  return account;
}

function serverAccount(): Account {
  const people = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const person = people.find(([name]) => name === 'postgres') ?? people.find(([name]) => name === 'nobody');
  if (!person)
    throw new Error(
      'Root may not run PostgreSQL and there is no user postgres or nobody: start Souk as an ordinary user, or set DATABASE_URL.',
    );
  return { uid: Number(person[2]), gid: Number(person[3]) };
}

/** Whether an account can pass through every folder of a path and has the asked rights (1 enter, 5 read and run) at its end. */
export function canReach(account: Account, path: string, rights = 1): boolean {
  const { uid, gid, mode } = statSync(path);
  const allowed = uid === account.uid ? mode >> 6 : gid === account.gid ? mode >> 3 : mode;
  if ((allowed & rights) !== rights) return false;
  return dirname(path) === path || canReach(account, dirname(path));
}
