import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The conventions as functions over source text, so that a test can show that each notices a violation. */

export interface SourceFile {
  path: string;
  text: string;
}

export const ROOT = new URL('..', import.meta.url).pathname;

/** All TypeScript of the given folders, by path from the root. */
export function sources(...folders: string[]): SourceFile[] {
  return folders
    .flatMap((folder) => walk(join(ROOT, folder)))
    .map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') }));
}

function walk(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (name === 'node_modules' || name === 'generated') return [];
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return walk(path);
    return name.endsWith('.ts') ? [path] : [];
  });
}

const importsOf = (text: string): string[] => [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1]!);

const isTest = (path: string): boolean => /\.(test|spec)\.ts$/.test(path);

/** Modules reach each other by contract only, and only those that stand before them; the kernel knows no module. */
export function wrongImports(files: readonly SourceFile[], order: readonly string[]): string[] {
  return files
    .filter(({ path }) => !isTest(path))
    .flatMap(({ path, text }) => importsOf(text).flatMap((target) => (isWrong(path, target, order) ? [`${path} imports ${target}`] : [])));
}

function isWrong(path: string, target: string, order: readonly string[]): boolean {
  const named = order.find((name) => target === `#${name}`);
  if (path.startsWith('src/kernel/'))
    return named !== undefined || (target.startsWith('#adapters') && !target.endsWith('/port.ts')) || target.includes('modules/');
  if (path.startsWith('src/adapters/')) return named !== undefined || target.includes('modules/');
  if (path.startsWith('src/dialects/'))
    return target.includes('modules/') || (target.startsWith('#adapters') && !target.endsWith('/port.ts'));
  const module = /^src\/modules\/(\w+)\//.exec(path)?.[1];
  if (!module) return false;
  if (target.startsWith('../')) return true;
  if (named !== undefined) return order.indexOf(named) > order.indexOf(module);
  return target.startsWith('#adapters/') && !target.endsWith('/port.ts');
}

/** Files of one folder that need each other to be loaded, as a chain that ends where it began. Types are gone by then. */
export function importCircles(files: readonly SourceFile[]): string[] {
  const needs = new Map(files.filter(({ path }) => !isTest(path)).map(({ path, text }) => [path, neighboursOf(path, text)]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, chain: readonly string[]): void => {
    if (chain.includes(path)) found.push([...chain.slice(chain.indexOf(path)), path].join(' > '));
    if (done.has(path) || chain.includes(path)) return;
    for (const next of needs.get(path) ?? []) visit(next, [...chain, path]);
    done.add(path);
  };
  for (const path of needs.keys()) visit(path, []);
  return found;
}

const neighboursOf = (path: string, text: string): string[] =>
  [...text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+'\.\/([^']+)'/gm)].map((match) => join(path, '..', match[1]!));

/** Contracts import no module above them, and nothing of a module but other contracts. A long one has its shapes in `contract-….ts`. */
export function wrongContractImports(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => /\/contract(-\w+)?\.ts$/.test(path))
    .flatMap(({ path, text }) =>
      importsOf(text).flatMap((target) => (/^\.\/(?!contract-)/.test(target) ? [`${path} imports ${target}`] : [])),
    );
}

/** A file beyond 300 lines holds two ideas. */
export function tooLong(files: readonly SourceFile[], limit = 300): string[] {
  return files
    .filter(({ text }) => text.split('\n').length > limit + 1)
    .map(({ path, text }) => `${path} has ${text.split('\n').length} lines`);
}

const FORBIDDEN_NAMES = /(^|\/)(utils?|helpers?|common|services|index)(\/|\.ts$)/;
const ALLOWED_INDEX = ['src/modules/index.ts', 'src/adapters/index.ts'];

/** No folders or files that could hold anything, and no barrels. A port's folder may have the index that picks the vendor. */
export function vagueNames(files: readonly SourceFile[]): string[] {
  return files
    .map(({ path }) => path)
    .filter((path) => FORBIDDEN_NAMES.test(path) && !ALLOWED_INDEX.includes(path) && !/^src\/adapters\/[\w-]+\/index\.ts$/.test(path));
}

/** A signal is sent by the port, which may be another engine than PostgreSQL. */
export const foreignSignals = (files: readonly SourceFile[]): string[] =>
  files
    .filter(({ path, text }) => /^src\/(?!adapters\/signals\/)/.test(path) && !isTest(path) && text.includes('pg_notify'))
    .map(({ path }) => path);

/** Raw time would not move with the clock of tests and sandboxes. */
export function rawTime(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path, text }) => path.startsWith('src/modules/') && !isTest(path) && /\bDate\.now\(\)|new Date\(\)/.test(text))
    .map(({ path }) => path);
}

/** Which paths name somebody in another way than `/customers/{username}` and `/users/{userId}`, or call two things by one name. */
export function oddParameters(paths: readonly string[]): string[] {
  const people: Readonly<Record<string, string>> = { customers: 'username', users: 'userId' };
  return paths.filter((path) => {
    const named = [...path.matchAll(/([\w-]+)\/\{(\w+)\}/g)].map(([, collection, name]) => ({ collection: collection!, name: name! }));
    const isOdd = named.some(({ collection, name }) =>
      Object.hasOwn(people, collection) ? name !== people[collection] : Object.values(people).includes(name),
    );
    return isOdd || new Set(named.map(({ name }) => name)).size < named.length;
  });
}

const VENDORS = /pg-?boss|rabbit|redis|google|facebook|stripe|sentry|commission/i;

/** The kernel names no vendor, and nothing that belongs to one module. */
export const namesInKernel = (files: readonly SourceFile[]): string[] =>
  files
    .filter(({ path, text }) => path.startsWith('src/kernel/') && !isTest(path) && VENDORS.test(text))
    .map(({ path, text }) => `${path} names ${VENDORS.exec(text)?.[0]}`);

/** Packages that the source imports and whose types are installed for developers of Souk alone: modules by others are compiled with that source. */
export const typesLeftOut = (files: readonly SourceFile[], developing: readonly string[]): string[] => [
  ...new Set(
    files
      .filter(({ path }) => path.startsWith('src/') && !isTest(path))
      .flatMap(({ text }) => importsOf(text).map((target) => `@types/${target.split('/')[0]}`))
      .filter((types) => developing.includes(types)),
  ),
];

/** What the map of a README leaves out of these files, and what it names that is not there. */
export function wrongMap(readme: string, names: readonly string[]): string[] {
  const map = /^## Map of the files\n(.*?)^## /ms.exec(readme)?.[1];
  if (!map) return [];
  const named = [...map.matchAll(/`([\w-]+\.ts)`/g)].map(([, name]) => name!);
  const there = names.filter((name) => name.endsWith('.ts') && !isTest(name) && name !== 'module.ts');
  return [...there.filter((name) => !named.includes(name)), ...named.filter((name) => !names.includes(name))];
}

/** Tables that no statement reads, in the source or in a function of the database: `functions` are the texts of these. */
export function unreadTables(tables: readonly string[], files: readonly SourceFile[], functions: readonly string[]): string[] {
  const texts = [
    ...files.filter(({ path }) => /^(src|apps)\//.test(path) && !isTest(path) && !path.endsWith('/tables.ts')).map(({ text }) => text),
    ...functions,
  ].join('\n');
  return tables.filter((name) => !new RegExp(`\\b(?:from|join|using|update|into)\\s+${name}\\b|['\`]${name}['\`]`, 'i').test(texts));
}
