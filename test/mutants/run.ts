import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Mutant, mutantsOf, mutated } from './mutate.ts';

/**
 * Breaks one line at a time in a copy of the sources and looks whether the tests of its area notice. Outcomes are added
 * to .souk/mutants.jsonl, so a run that was stopped goes on where it was; delete that file to begin anew.
 */
const { values } = parseArgs({
  options: { area: { type: 'string' }, file: { type: 'string' }, limit: { type: 'string' }, seed: { type: 'string', default: '1' } },
});
const root = join(import.meta.dirname, '../..');
const areas: Record<string, { sources: string; tests: string[] }> = Object.fromEntries([
  ...['wallet', 'orders', 'inventory', 'identity', 'partners'].map((name) => [
    name,
    { sources: `src/modules/${name}/**/*.{ts,sql}`, tests: [`src/modules/${name}/`] },
  ]),
  [
    'kernel',
    {
      sources: 'src/kernel/*.{ts,sql}',
      tests: ['src/kernel/', 'test/keyed-routes.test.ts', 'src/modules/wallet/', 'src/modules/orders/orders'],
    },
  ],
]);
const timeLimitMs = 300_000;
const results = join(root, '.souk/mutants.jsonl');
const known = new Set(
  existsSync(results)
    ? readFileSync(results, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).name)
    : [],
);

const wanted = Object.entries(areas).filter(([name]) => !values.area || name === values.area);
if (wanted.length === 0) throw new Error(`There is no area ${values.area}; there are ${Object.keys(areas).join(', ')}.`);
const copy = mkdtempSync(join(tmpdir(), 'souk-mutants-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const name of ['src', 'test', 'apps', 'docs', 'package.json', 'package-lock.json', 'tsconfig.json', 'vitest.config.ts'])
  cpSync(join(root, name), join(copy, name), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

for (const [area, { sources, tests }] of wanted) {
  if (!passes(tests)) throw new Error(`The tests of ${area} fail without any mutant.`);
  const all = globSync(sources, { cwd: root })
    .filter((file) => !/\.(test|spec)\.ts$/.test(file) && (!values.file || file.endsWith(values.file)))
    .flatMap((file) => mutantsOf(file, readFileSync(join(root, file), 'utf8')));
  for (const mutant of shuffled(all, Number(values.seed)).slice(0, Number(values.limit ?? all.length))) {
    const name = `${mutant.file}:${mutant.line} ${mutant.what} @${mutant.offset}`;
    if (known.has(name)) continue;
    const outcome = tried(mutant, tests);
    writeFileSync(results, `${JSON.stringify({ name, area, outcome })}\n`, { flag: 'a' });
    process.stdout.write(`${outcome} ${name}\n`);
  }
}

function tried(mutant: Mutant, tests: string[]): 'noticed' | 'survived' | 'invalid' {
  const path = join(copy, mutant.file);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, mutated(text, mutant));
  try {
    if (path.endsWith('.ts') && spawnSync(process.execPath, ['--check', path]).status !== 0) return 'invalid';
    return passes(tests) ? 'survived' : 'noticed';
  } finally {
    writeFileSync(path, text);
  }
}

function passes(tests: string[]): boolean {
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--bail', '1', '--maxWorkers', '1', ...tests];
  return spawnSync(process.execPath, vitest, { cwd: copy, stdio: 'ignore', timeout: timeLimitMs }).status === 0;
}

/** The same order for the same seed (mulberry32), so that a part of a run is a fair sample. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
