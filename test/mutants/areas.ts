import { globSync } from 'node:fs';
import { basename } from 'node:path';

/** The modules that are mutated, and the kernel. */
export const areaNames = ['wallet', 'orders', 'inventory', 'identity', 'partners', 'kernel'];

/** Test files that look at more than one area. Tests of query plans and of killed processes are left out: they are slow and look elsewhere. */
const shared = [
  'src/authentication/*.test.ts',
  'src/modules/social/sign-in.test.ts',
  'src/modules/customers/*.test.ts',
  'test/{contract,conventions,keyed-routes,keys-open,personal-data,services,states,writing-a-module}.test.ts',
];

/** They hold lists and documents of all areas against what is declared when files are loaded. */
export const isOverall = (test: string): boolean =>
  /^test\/(?:contract|conventions|keyed-routes|personal-data|states)\.test\.ts$|\/mfa-routes\.test\.ts$/.test(test);

const folderOf = (area: string): string => (area === 'kernel' ? 'src/kernel' : `src/modules/${area}`);
const isTest = (file: string): boolean => /\.(test|spec)\.ts$/.test(file);

export const sourcesOf = (area: string, root: string): string[] =>
  globSync([`${folderOf(area)}/*.ts`, `${folderOf(area)}/migrations/*.sql`], { cwd: root })
    .filter((file) => !isTest(file))
    .sort();

/** Every test file that may be asked about a mutant of any area. */
export const testsOf = (root: string): string[] =>
  [...areaNames.map((area) => `${folderOf(area)}/*.test.ts`), ...shared]
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .filter((file) => !file.endsWith('plans.test.ts'));

export const isOwnTest = (test: string, area: string): boolean => test.startsWith(`${folderOf(area)}/`);

/** First the tests that have noticed most mutants of this file, then the area's own, those with a like name, and the quick ones. */
export function inOrder(
  tests: readonly string[],
  area: string,
  source: string,
  noticed: ReadonlyMap<string, number>,
  tookMs: (test: string) => number,
): string[] {
  const words = new Set(wordsOf(source));
  const likeness = (test: string) => wordsOf(test).filter((word) => words.has(word)).length;
  const rank = (test: string) => (noticed.get(test) ?? 0) * 4 + (isOwnTest(test, area) ? 3 : 0) + likeness(test) * 3 - tookMs(test) / 2000;
  return [...tests].sort((a, b) => rank(b) - rank(a));
}

const wordsOf = (file: string): string[] => basename(file).replace(/\..*/, '').split(/[-_]/);
