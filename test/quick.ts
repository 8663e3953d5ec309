import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { runProgram } from './run-program.ts';

/**
 * The tests that a change is most likely to break, for a minute between two edits: what needs no database, the main path of
 * every module, what holds for all routes, and the tests of the files that differ from the last commit. `npm test` is the gate.
 */
const chosen = [
  'test/{conventions,contract,keyed-routes}.test.ts',
  'src/kernel/{addresses,step-up,kernel,migrations,reading}.test.ts',
  'src/authentication/outside-token.test.ts',
  'src/adapters/{secrets/secrets,email/port}.{test,spec}.ts',
  'src/modules/identity/{username,mfa-sign-in,suspension}.test.ts',
  'src/modules/social/sign-in.test.ts',
  'src/modules/partners/keys.test.ts',
  'src/modules/moderation/{measure,fold-text,decide-item}.test.ts',
  'src/modules/wallet/{wallet,defences,proof}.test.ts',
  'src/modules/inventory/stock.test.ts',
  'src/modules/catalog/{create-product,product-state,lists}.test.ts',
  'src/modules/orders/{shares,resolve-order,sell-by-name,has-bought}.test.ts',
  'src/modules/fulfilment/{units,driving}.test.ts',
  'src/modules/reviews/{reviews,text}.test.ts',
  'src/modules/customers/closure-state.test.ts',
  'src/modules/profiles/show-profile.test.ts',
];

const root = join(import.meta.dirname, '..');
const isTest = (file: string): boolean => /\.(test|spec)\.ts$/.test(file);

const files = chosen.flatMap((pattern) => {
  const found = globSync(pattern, { cwd: root });
  if (found.length === 0) throw new Error(`There is no test ${pattern}: mend the list in test/quick.ts.`);
  return found;
});
const wanted = new Set([...files, ...testsOfChanges()]);
const report = join(root, '.souk/quick.json');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const failed = await runProgram({}, 'node_modules/vitest/vitest.mjs', 'run', ...wanted, ...reporters, ...process.argv.slice(2));
const slow = failed ? [] : tooSlow();
for (const file of slow)
  process.stderr.write(`${file} takes more than its share of the quick tests: take it out of the list in test/quick.ts.\n`);
process.exit(failed || Math.min(slow.length, 1));

/** Chosen files that take more than 10 s and more than a fifth of all: on a busy machine all take longer, and their shares stay. */
function tooSlow(): string[] {
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { name: string; startTime: number; endTime: number }[];
  };
  const took = testResults.map(({ name, startTime, endTime }) => ({ file: relative(root, name), ms: endTime - startTime }));
  const all = took.reduce((sum, { ms }) => sum + ms, 0);
  return took.filter(({ file, ms }) => files.includes(file) && ms > 10_000 && ms > all / 5).map(({ file }) => file);
}

/** Test files that differ from the last commit, and those named after a file that does. */
function testsOfChanges(): string[] {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const changed = `${git('diff', '--name-only', '--relative', 'HEAD')}${git('ls-files', '--others', '--exclude-standard')}`.split('\n');
    return changed
      .filter((file) => file.endsWith('.ts'))
      .map((file) => (isTest(file) ? file : join(file, '..', `${basename(file, '.ts')}.test.ts`)))
      .filter((file) => existsSync(join(root, file)));
  } catch {
    return []; // no git here, or no commit yet
  }
}
