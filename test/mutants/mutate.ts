/** One change of one place in a file. */
export interface Mutant {
  /** File, kind, the line's text and, where that occurs again, its number: the same while others change the file. */
  name: string;
  file: string;
  line: number;
  offset: number;
  length: number;
  to: string;
}

interface Rule {
  what: string;
  find: RegExp;
  to: (found: RegExpExecArray) => string;
  /** Changes the whole statement that begins where the pattern is found. */
  whole?: boolean;
}

const typescript: Rule[] = [
  { what: '=== to !==', find: / === /g, to: () => ' !== ' },
  { what: '!== to ===', find: / !== /g, to: () => ' === ' },
  { what: '<= to <', find: / <= /g, to: () => ' < ' },
  { what: '>= to >', find: / >= /g, to: () => ' > ' },
  { what: '< to <=', find: / < (?=[\w(-])/g, to: () => ' <= ' },
  { what: '> to >=', find: / > (?=[\w(-])/g, to: () => ' >= ' },
  { what: '&& to ||', find: / && /g, to: () => ' || ' },
  { what: '|| to &&', find: / \|\| /g, to: () => ' && ' },
  { what: 'a condition that always holds', find: /\bif \((?=.)/g, to: () => 'if (true || ' },
  { what: 'a condition that never holds', find: /\bif \((?=.)/g, to: () => 'if (false && ' },
  { what: 'the other way', find: /(?<= )\? (?=[^:?\n]+ : )/g, to: () => '=== undefined ? ' },
  { what: 'a step left out', find: /^ +await (?=\w)/gm, to: () => '', whole: true },
  { what: 'an announcement left out', find: /^ +(?:emit|enqueue|audit)\w*\(/gm, to: () => '', whole: true },
  { what: 'a function that does nothing', find: /\): Promise<void> \{(?=\n)/g, to: ([found]) => `${found} return;` },
  { what: 'a refusal that is none', find: /\bthrow (?=(?:new )?\w+)/g, to: () => 'void ' },
  {
    what: 'a number one larger',
    find: /(?<=[\s(=])(?<!\bselect |\? -1 : )\d[\d_]*(?=[;,)\s])/g,
    to: ([n]) => String(Number(n!.replaceAll('_', '')) + 1),
  },
  { what: 'true to false', find: /(?<=[:=(] ?)true\b/g, to: () => 'false' },
  { what: 'false to true', find: /(?<=[:=(] ?)false\b/g, to: () => 'true' },
  { what: '+ to -', find: / \+ (?=[\w(])/g, to: () => ' - ' },
  { what: '- to +', find: / - (?=[\w(])/g, to: () => ' + ' },
];

const predicate = String.raw`[a-z_.]+ (?:=|<>|<=?|>=?) (?:\$\{[^{}]+\}(?:::\w+)?|'[^'\n]*'|[a-z_.]+)`;
const nullness = String.raw`[a-z_.]+ is (?:not )?null\b`;

/** In TypeScript these are found within SQL texts only, as they are no TypeScript. */
const statements: Rule[] = [
  { what: 'a predicate removed', find: new RegExp(String.raw`\band ${predicate}(?=[\s\`;)])`, 'g'), to: () => '' },
  { what: 'a predicate removed', find: new RegExp(String.raw`\band ${nullness}`, 'g'), to: () => '' },
  { what: 'a first predicate removed', find: new RegExp(String.raw`\bwhere (?:${predicate}|${nullness}) and\b`, 'g'), to: () => 'where' },
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

/** How often, how long, how many at once: another figure would do as well. */
const isTuning = (what: string, line: string): boolean =>
  what === 'a number one larger' &&
  /\bconst [A-Z_]*(?:MS|SECONDS|MINUTES|DAYS|TRIES|ATTEMPTS|BATCH|PLACES|ROWS|TURN|LOCK|TEXTS)\b|\btimer\(|\bjob\(|retryAfterSeconds|setTimeout\(/.test(
    line,
  );

/** Every mutant of a file's text, in the order of its lines. Imports, comments, examples and prose are left alone. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const rules = file.endsWith('.sql') ? migration : [...typescript, ...statements];
  const lines = text.split('\n');
  const seen = new Map<string, number>();
  return rules
    .flatMap((rule) => [...text.matchAll(rule.find)].map((found) => change(rule, found as RegExpExecArray, text)))
    .filter(({ offset, length, to }) => length > 0 && text.slice(offset, offset + length) !== to)
    .map((mutant) => ({ ...mutant, line: text.slice(0, mutant.offset + firstInk(text, mutant.offset)).split('\n').length }))
    .filter(({ line, offset, what }) => isCode(lines[line - 1]!) && !isProse(text, offset) && !isTuning(what, lines[line - 1]!))
    .sort((a, b) => a.offset - b.offset)
    .map(({ what, ...mutant }) => {
      const name = `${file}: ${what}: ${lines[mutant.line - 1]!.trim()}`;
      const times = (seen.get(name) ?? 0) + 1;
      seen.set(name, times);
      return { ...mutant, file, name: times > 1 ? `${name} #${times}` : name };
    });
}

function change(
  { what, to, whole }: Rule,
  found: RegExpExecArray,
  text: string,
): Omit<Mutant, 'name' | 'file' | 'line'> & { what: string } {
  const length = whole ? statementLength(text.slice(found.index)) : found[0].length;
  return { offset: found.index, length, to: to(found), what };
}

/** Up to the semicolon that stands in no brackets; 0 where there is none. */
function statementLength(text: string): number {
  for (let at = 0, depth = 0; at < text.length && depth >= 0; at++) {
    if ('([{'.includes(text[at]!)) depth++;
    else if (')]}'.includes(text[at]!)) depth--;
    else if (text[at] === ';' && depth === 0) return at + 1;
  }
  return 0;
}

const firstInk = (text: string, offset: number): number => text.slice(offset).search(/\S/);

const isCode = (line: string): boolean =>
  !/^\s*(?:\*|\/\/|\/\*|--|import\b|export (?:type|interface)\b|type\b|interface\b)|\bexamples?\b|\bdescribe\(|\bdescription\b|\\`/.test(
    line,
  );

/** Within quotation marks of one line of TypeScript, outside SQL. */
function isProse(text: string, offset: number): boolean {
  const before = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  if (text.slice(0, offset).split('`').length % 2 === 0) return false;
  return before.replaceAll("\\'", '').split("'").length % 2 === 0;
}

export const mutated = (text: string, { offset, length, to }: Mutant): string => text.slice(0, offset) + to + text.slice(offset + length);
