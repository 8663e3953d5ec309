import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Runner } from './runner.ts';

/** Places of a source file that ran, as [from, to] offsets. */
export type FileCoverage = [number, number][];

export interface TestCoverage {
  test: string;
  tookMs: number;
  files: Record<string, FileCoverage>;
}

interface V8Function {
  functionName: string;
  ranges: { startOffset: number; endOffset: number; count: number }[];
}

/** V8 tells nested ranges; the innermost one holds. The outermost is the file itself: it runs once, for all tests of a process. */
export function painted(functions: readonly V8Function[]): FileCoverage {
  const ranges = functions
    .flatMap(({ ranges }, at) => ranges.map((range) => ({ ...range, isFile: range.startOffset === 0 && at === 0 })))
    .sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const paint = new Uint8Array(Math.max(...ranges.map(({ endOffset }) => endOffset)));
  for (const { startOffset, endOffset, count, isFile } of ranges) paint.fill(!isFile && count > 0 ? 1 : 0, startOffset, endOffset);
  const found: FileCoverage = [];
  for (let at = 0; at < paint.length; at++) {
    if (paint[at] === 0) continue;
    const from = at;
    while (paint[at] === 1) at++;
    found.push([from, at]);
  }
  return found;
}

/** Whether a test runs this place. */
export const runs = ({ files }: TestCoverage, file: string, offset: number): boolean =>
  (files[file] ?? []).some(([from, to]) => from <= offset && offset < to);

/** Whether a test runs anything of a file. */
export const runsAny = ({ files }: TestCoverage, file: string): boolean => (files[file] ?? []).length > 0;

/**
 * What each test file runs. It is measured again when that test file, or any source, is not what it was.
 * @param root the copy of the sources; @param cache a file outside it.
 */
export async function coverageOf(
  root: string,
  tests: readonly string[],
  cache: string,
  open: () => Promise<Runner>,
): Promise<TestCoverage[]> {
  const sources = fingerprint(
    root,
    globSync('{src/**/*.ts,test/*.ts}', { cwd: root }).filter((file) => !file.endsWith('.test.ts')),
  );
  const known = read(cache);
  const keyOf = (test: string) => `${sources}-${fingerprint(root, [test])}`;
  const isKnown = (test: string) => known[test]?.key === keyOf(test);
  const missing = tests.filter((test) => !isKnown(test));
  if (missing.length > 0) {
    process.stdout.write(`Looking what ${missing.length} test files run…\n`);
    const runner = await open();
    const { failed, because } = await runner.run(missing, 900_000);
    await runner.close();
    if (failed.length > 0) process.stdout.write(`These fail without any mutant, and are not asked: ${failed.join(', ')}. ${because}\n`);
    for (const name of readdirSync(join(root, '.souk/coverage'))) {
      const coverage = JSON.parse(readFileSync(join(root, '.souk/coverage', name), 'utf8')) as TestCoverage;
      if (!failed.includes(coverage.test)) known[coverage.test] = { key: keyOf(coverage.test), coverage };
    }
    mkdirSync(dirname(cache), { recursive: true, mode: 0o700 });
    writeFileSync(cache, JSON.stringify(known));
  }
  return tests.flatMap((test) => (isKnown(test) ? [known[test]!.coverage] : []));
}

function read(cache: string): Record<string, { key: string; coverage: TestCoverage }> {
  try {
    return JSON.parse(readFileSync(cache, 'utf8'));
  } catch {
    return {}; // the first run, or a run that was stopped as it wrote
  }
}

function fingerprint(root: string, files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of [...files].sort()) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest('hex').slice(0, 16);
}
