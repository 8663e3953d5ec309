import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** The version before this one: the commit of UPGRADE_FROM, or else the newest one whose migrations differ from those here. */
export function oldCommit(): string {
  const [last] = git('log', '-1', '--format=%H', '--', 'src/**/migrations/*.sql');
  const [commit] = git('rev-parse', '--verify', `${process.env.UPGRADE_FROM ?? `${last}^`}^{commit}`);
  return commit!;
}

/** The subject of a commit. */
export const subjectOf = (commit: string): string => git('log', '-1', '--format=%h %s', commit)[0]!;

/** Migrations of this version that a version before it does not have. */
export const migrationsSince = (commit: string): string[] =>
  git('diff', '--name-only', '--diff-filter=A', commit, '--', 'src/**/migrations/*.sql');

/** Puts the files of a commit into a folder, with the packages that its lock file names. */
export function unpack(commit: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const files = execFileSync('git', ['archive', '--format=tar', commit], { cwd: root, maxBuffer: 2 ** 28 });
  const unpacked = spawnSync('tar', ['-x', '-C', folder], { input: files });
  if (unpacked.status !== 0) throw new Error(`${commit} cannot be unpacked: ${unpacked.stderr}`);
  const lock = (where: string) => readFileSync(join(where, 'package-lock.json'), 'utf8');
  if (lock(root) === lock(folder)) symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  else execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
}

const git = (...args: string[]): string[] =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
