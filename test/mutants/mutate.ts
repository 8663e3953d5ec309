/** One change of one place in a file. */
export interface Mutant {
  file: string;
  line: number;
  offset: number;
  length: number;
  to: string;
  what: string;
}

interface Rule {
  what: string;
  find: RegExp;
  to: (found: RegExpExecArray) => string;
}

const typescript: Rule[] = [
  { what: '=== to !==', find: / === /g, to: () => ' !== ' },
  { what: '!== to ===', find: / !== /g, to: () => ' === ' },
  { what: '<= to <', find: / <= /g, to: () => ' < ' },
  { what: '>= to >', find: / >= /g, to: () => ' > ' },
  { what: '< to <=', find: / < (?=[\w(])/g, to: () => ' <= ' },
  { what: '> to >=', find: / > (?=[\w(])/g, to: () => ' >= ' },
  { what: '&& to ||', find: / && /g, to: () => ' || ' },
  { what: '|| to &&', find: / \|\| /g, to: () => ' && ' },
  { what: 'a condition that always holds', find: /\bif \((?=.)/g, to: () => 'if (true || ' },
  { what: 'a condition that never holds', find: /\bif \((?=.)/g, to: () => 'if (false && ' },
  { what: 'await removed', find: /^(\s*)await (?=\w)/gm, to: ([, indent]) => `${indent}void ` },
  { what: 'throw removed', find: /\bthrow (?=\w+\()/g, to: () => 'void ' },
  { what: 'a number one larger', find: /(?<=[\s(=])\d[\d_]*(?=[;,)\s])/g, to: ([n]) => String(Number(n!.replaceAll('_', '')) + 1) },
  { what: 'true to false', find: /(?<=[:=(] ?)true\b/g, to: () => 'false' },
  { what: 'false to true', find: /(?<=[:=(] ?)false\b/g, to: () => 'true' },
];

/** In TypeScript these are found within SQL texts only, as they are no TypeScript. */
const statements: Rule[] = [
  { what: 'a predicate removed', find: /\band [a-z_.]+ (?:=|<>|<=?|>=?) (?:\$\{[^{}]+\}|'[^'\n]*'|[a-z_.]+)(?=[\s`;)])/g, to: () => '' },
  { what: 'a predicate removed', find: /\band [a-z_.]+ is (?:not )?null\b/g, to: () => '' },
  { what: 'for update removed', find: /\bfor (?:no key )?update(?: of \w+)?(?: skip locked)?\b/g, to: () => '' },
  { what: 'on conflict removed', find: /\bon conflict (?:\([^)]*\) )?do nothing\b/g, to: () => '' },
];

const migration: Rule[] = [
  {
    what: 'a check removed',
    find: /,?\s+check \((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)(?=,?\s*\n)/g,
    to: ([found]) => found!.replace(/check .*/s, ''),
  },
  { what: 'a unique index that is not unique', find: /\bcreate unique index\b/g, to: () => 'create index' },
  { what: 'a trigger removed', find: /^create (?:constraint )?trigger [^;]*;/gm, to: () => '' },
  { what: 'an exception that is none', find: /\braise exception\b/g, to: () => 'raise notice' },
  ...statements,
];

/** Every mutant of a file's text, in the order of its lines. Imports and comments are left alone. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const rules = file.endsWith('.sql') ? migration : [...typescript, ...statements];
  return rules
    .flatMap(({ what, find, to }) =>
      [...text.matchAll(find)].map((found) => {
        const mutant = { offset: found.index, length: found[0].length, to: to(found as RegExpExecArray), what };
        return { file, line: text.slice(0, found.index).split('\n').length, ...mutant };
      }),
    )
    .filter(({ line, offset, length, to }) => isCode(text.split('\n')[line - 1]!) && text.slice(offset, offset + length) !== to)
    .sort((a, b) => a.offset - b.offset);
}

const isCode = (line: string): boolean => !/^\s*(?:\*|\/\/|\/\*|--|import\b|export (?:type|interface)\b|type\b|interface\b)/.test(line);

export const mutated = (text: string, { offset, length, to }: Mutant): string => text.slice(0, offset) + to + text.slice(offset + length);
