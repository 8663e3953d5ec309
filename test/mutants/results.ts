import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { equivalent } from './equivalent.ts';

export interface Result {
  name: string;
  area: string;
  /** Invalid: Node, or the database, refuses it before any test. */
  outcome: 'noticed' | 'survived' | 'invalid';
  /** The test file that noticed, and what it said. */
  by?: string;
  because?: string;
  /** Where a survivor is, and how many test files ran it. */
  at?: string;
  ranBy?: number;
}

const file = join(import.meta.dirname, '../../.souk/mutants.jsonl');

/** What earlier runs found, the first and the last time, by the name of the mutant. */
export function known(): { first: Map<string, Result>; last: Map<string, Result> } {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  const results = lines.map((line) => JSON.parse(line) as Result);
  const byName = (all: Result[]) => new Map(all.map((result) => [result.name, result]));
  return { first: byName([...results].reverse()), last: byName(results) };
}

export function add(result: Result): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  appendFileSync(file, `${JSON.stringify(result)}\n`);
}

/** The score of each area, when its mutants were first tried and now, and what survives. Mutants of lines that are there no more are left out. */
export function table(exists: (name: string) => boolean): string {
  const { first, last } = known();
  for (const name of last.keys()) if (!exists(name)) last.delete(name);
  const areas = [...new Set([...last.values()].map(({ area }) => area))];
  const lines = [...areas, undefined].map((area) => {
    const names = [...last.values()].filter((result) => area === undefined || result.area === area).map(({ name }) => name);
    const valid = names.filter((name) => last.get(name)!.outcome !== 'invalid' && !equivalent.has(name));
    const noticedIn = (results: Map<string, Result>) => valid.filter((name) => results.get(name)!.outcome === 'noticed').length;
    const score = (noticed: number) => `${valid.length ? Math.round((noticed * 1000) / valid.length) / 10 : 0} %`;
    const [before, after] = [noticedIn(first), noticedIn(last)];
    const others = `${names.length - valid.length}`;
    return `| ${area ?? 'all'} | ${valid.length} | ${before} (${score(before)}) | ${after} (${score(after)}) | ${others} |`;
  });
  const survivors = [...last.values()].filter(({ name, outcome }) => outcome === 'survived' && !equivalent.has(name));
  const head = ['| area | valid | noticed at first | noticed now | invalid or equivalent |', '|---|---|---|---|---|'];
  return `${[...head, ...lines, '', ...survivors.map(({ name, at }) => `- ${name} (line ${at})`)].join('\n')}\n`;
}
