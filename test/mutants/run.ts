import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { areaNames, inOrder, isOverall, isOwnTest, testsOf } from './areas.ts';
import { coverageOf, runs, runsAny, type TestCoverage } from './coverage.ts';
import { equivalent } from './equivalent.ts';
import type { Mutant } from './mutate.ts';
import { mutated } from './mutate.ts';
import { add, known, type Result, table } from './results.ts';
import { openRunner } from './runner.ts';
import { sampleOf } from './sample.ts';
import { isSyntax, withTemplate } from './valid.ts';

/**
 * Breaks one place at a time in a copy of the sources and looks whether the tests that run this place notice. Outcomes are
 * added to .souk/mutants.jsonl, so a run that was stopped goes on where it was; delete that file to begin anew.
 * docs/mutants.md explains it.
 */
const { values } = parseArgs({
  options: {
    area: { type: 'string' },
    file: { type: 'string', default: '' },
    sample: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '100000' },
    tests: { type: 'string' },
    again: { type: 'boolean', default: false },
    score: { type: 'boolean', default: false },
  },
});
const root = join(import.meta.dirname, '../..');
const there = new Set(areaNames.flatMap((area) => sampleOf(area, root, { file: '', sample: 1e6, seed: '' }).map(({ name }) => name)));
const isThere = (name: string): boolean => there.has(name);
if (values.score) {
  process.stdout.write(table(isThere));
  process.exit(0);
}
const wanted = areaNames.filter((name) => !values.area || values.area.split(',').includes(name));
if (wanted.length === 0) throw new Error(`There is no area ${values.area}; there are ${areaNames.join(', ')}.`);
const until = Date.now() + Number(values.minutes) * 60_000;
/** How long the tests of one mutant may take when nothing is broken; those that come last in the order are left out. */
const BUDGET_MS = 20_000;

const { first, last } = known();
const todo = wanted.flatMap((area) =>
  sampleOf(area, root, { file: values.file, sample: Number(values.sample), seed: values.seed })
    .filter(({ name }) => (values.again ? last.get(name)?.outcome === 'survived' && !equivalent.has(name) : !first.has(name)))
    .map((mutant) => ({ area, mutant })),
);
if (todo.length > 0) await tryAll();
process.stdout.write(table(isThere));
process.exit(0);

async function tryAll(): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), 'souk-mutants-'));
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
  const stays = new Set(['node_modules', '.git', '.souk'].map((name) => join(root, name)));
  cpSync(root, copy, {
    recursive: true,
    filter: (path) => !stays.has(path) && !path.startsWith(join(root, 'test/contract-tools/node_modules')),
  });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const coverage = values.tests ? values.tests.split(',').map((test) => ({ test, tookMs: 10_000, files: {} })) : await measured(copy);
  const runner = await openRunner(copy);
  for (const { area, mutant } of todo) {
    if (Date.now() > until) break;
    const began = Date.now();
    const path = join(copy, mutant.file);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, mutated(text, mutant));
    const tests = testsFor(area, mutant, coverage);
    const limitMs = 60_000 + 5 * sum(tests.map(({ tookMs }) => tookMs));
    const run = () =>
      runner.run(
        tests.map(({ test }) => test),
        limitMs,
      );
    const outcome = path.endsWith('.sql') ? await withTemplate(copy, runner.serverUrl(), run) : isSyntax(path) ? await run() : undefined;
    writeFileSync(path, text);
    const result: Result = { name: mutant.name, area, outcome: !outcome ? 'invalid' : outcome.noticedBy ? 'noticed' : 'survived' };
    if (outcome?.noticedBy) Object.assign(result, { by: outcome.noticedBy, because: outcome.because });
    if (result.outcome === 'survived') Object.assign(result, { at: `${mutant.line}`, ranBy: tests.length });
    add(result);
    last.set(result.name, result);
    const how = result.by ? `, ${result.by}` : '';
    process.stdout.write(`${result.outcome} ${mutant.name} (line ${mutant.line}, ${((Date.now() - began) / 1000).toFixed(1)} s${how})\n`);
  }
  await runner.close();
}

function measured(copy: string): Promise<TestCoverage[]> {
  return coverageOf(copy, testsOf(copy), join(root, '.souk/mutants-coverage.json'), () =>
    openRunner(copy, { setupFiles: ['test/mutants/coverage-setup.ts'], bail: 0 }),
  );
}

/**
 * The tests that run this place. What runs when a file is loaded, or before all tests as a migration does, shows anywhere:
 * then the area's own are asked, those that run anything in the file, and those that look at all areas.
 */
function testsFor(area: string, { file, offset }: Mutant, coverage: readonly TestCoverage[]): TestCoverage[] {
  const byTest = new Map(coverage.map((test) => [test.test, test]));
  const running = coverage.filter((test) => runs(test, file, offset));
  const anywhere = (test: TestCoverage) => isOwnTest(test.test, area) || isOverall(test.test) || runsAny(test, file);
  const asked = values.tests ? coverage : running.length > 0 ? running : coverage.filter(anywhere);
  const ordered = inOrder(
    asked.map(({ test }) => test),
    area,
    file,
    noticedIn(file),
    (test) => byTest.get(test)!.tookMs,
  ).map((test) => byTest.get(test)!);
  const before = (at: number) => sum(ordered.slice(0, at + 1).map(({ tookMs }) => tookMs));
  return values.tests ? ordered : ordered.filter((_, at) => at < 2 || before(at) < BUDGET_MS);
}

function noticedIn(file: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { name, by } of last.values()) if (by && name.startsWith(`${file}:`)) counts.set(by, (counts.get(by) ?? 0) + 1);
  return counts;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
