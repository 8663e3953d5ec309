import type { Document, Operation, Parameter } from './document.ts';
import { type Chance, type Known, ODD_TEXT, sample } from './fuzz-values.ts';

/** Who calls, and real things to call about. It is made anew every few hundred calls, since calls delete what they find. */
export interface Stage {
  credentials: readonly Record<string, string>[];
  /** Of somebody whom calls may shut out, sign out or delete, so that the others can go on. */
  victim: Record<string, string>;
  /** Ids and names by the first word of the path, such as `products`. */
  params: Readonly<Record<string, readonly string[]>>;
  known: Known;
}

export interface FuzzCall {
  template: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | Uint8Array<ArrayBuffer> | undefined;
}

/** One call of an operation: valid, nearly valid, or nonsense. */
export function callOf(template: string, method: string, operation: Operation, document: Document, stage: Stage, chance: Chance): FuzzCall {
  const odd = chance.of([0, 0, 0, 8, 8, 25, 60]);
  const { parameters = [] } = operation;
  const headers = headersOf(parameters, operation, stage, chance, odd);
  const body = bodyOf(operation, document, stage, chance, odd, headers);
  const url = `${pathOf(template, stage, chance, odd)}${queryOf(parameters, document, stage, chance, odd)}`;
  const isHead = method === 'get' && chance.percent(3);
  return { template, method: isHead ? 'HEAD' : method.toUpperCase(), url, headers, body: method === 'get' ? undefined : body };
}

const ODD_SEGMENTS = ODD_TEXT.filter((text) => text.trim() !== '' && text.isWellFormed()).map(encodeURIComponent);
const BROKEN_SEGMENTS = ['%', '%ff', '%c3', 'a%00b', '%E0%A4%A'];

function pathOf(template: string, { params }: Stage, chance: Chance, odd: number): string {
  const all = Object.values(params).flat();
  const words = template.split('/');
  const kind = words.findLast((word) => params[word]) ?? '';
  return words
    .map((word, index) => {
      if (!word.startsWith('{')) return word;
      if (chance.percent(odd / 2)) return chance.percent(70) ? chance.of(ODD_SEGMENTS) : chance.of(BROKEN_SEGMENTS);
      const near = params[words[index - 1] ?? ''] ?? params[kind] ?? all;
      return encodeURIComponent(chance.percent(85) ? chance.of(near) : chance.of(all));
    })
    .join('/');
}

function queryOf(parameters: readonly Parameter[], document: Document, stage: Stage, chance: Chance, odd: number): string {
  const parts = parameters
    .filter((parameter) => parameter.in === 'query' && (parameter.required || chance.percent(30)))
    .flatMap(({ name, schema, explode }) => {
      if (explode) return [`option.color=${chance.of(['red', '', 'Red', '%F0%9F%98%80', 'x'.repeat(100)])}`];
      const value = sample(schema, document, stage.known, chance, odd, name);
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
      const part = `${name}=${text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%BD'}`;
      return chance.percent(odd / 6) ? [part, part] : [part];
    });
  if (chance.percent(odd / 3)) parts.push(chance.of(['a=b', '=', '%', 'x[]=1', '__proto__=1', '&&', 'cursor=forged.AAAA', 'limit=']));
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}

const TAGS = ['"1"', '"2"', '"1", "2"', 'W/"1"', '*', '"x"', '1', '', '"', '"999999999999999999999"'];

function headersOf(
  parameters: readonly Parameter[],
  operation: Operation,
  stage: Stage,
  chance: Chance,
  odd: number,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { name, required } of parameters.filter((parameter) => parameter.in === 'header')) {
    if (name === 'Idempotency-Key') {
      if (required ? !chance.percent(odd / 3) : chance.percent(50))
        headers[name] = chance.percent(odd)
          ? chance.of(['', 'a b', 'é', 'x'.repeat(256)])
          : `key-${chance.below(chance.percent(80) ? 1e9 : 5)}`;
    } else if (chance.percent(40)) headers[name] = chance.of(TAGS);
  }
  const isOpen = operation.security?.length === 0;
  if (chance.percent(isOpen ? 30 : 92))
    Object.assign(headers, ENDS_SESSIONS.test(operation.operationId) && chance.percent(90) ? stage.victim : chance.of(stage.credentials));
  if (chance.percent(odd / 4)) Object.assign(headers, chance.of(ODD_CREDENTIALS));
  if (chance.percent(5)) headers['x-request-id'] = chance.of(['abc', 'a b', 'x'.repeat(65)]);
  return headers;
}

const ENDS_SESSIONS = /SignOut|Sessions|ChangePassword|Mfa|deleteCustomers/;

const ODD_CREDENTIALS = [
  { authorization: 'Bearer x' },
  { authorization: 'Bearer' },
  { authorization: 'Basic Ym9iOg==' },
  { authorization: 'Basic /////w==' },
  { authorization: 'Digest x' },
  { 'x-api-key': 'souk_x' },
  { 'x-cart-token': 'x' },
  { cookie: 'a=b; c="' },
];

const ODD_BODIES: readonly (string | Uint8Array<ArrayBuffer>)[] = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '0',
  '{"a":1,"a":2}',
  '{"__proto__":{}}',
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
  '\ufeff{}',
  Uint8Array.from([0x7b, 0xff, 0x7d]),
  'a=b&c=%FF',
  'x'.repeat(270_000),
];

function bodyOf(
  { requestBody }: Operation,
  document: Document,
  stage: Stage,
  chance: Chance,
  odd: number,
  headers: Record<string, string>,
): FuzzCall['body'] {
  const types = Object.keys(requestBody?.content ?? {});
  if (types.length === 0) return chance.percent(odd / 4) ? '{"a":1}' : undefined;
  const type = chance.of(types);
  headers['content-type'] = chance.percent(odd / 4)
    ? chance.of(['text/plain', 'application/json; charset=latin1', 'APPLICATION/JSON', '', 'x/y;'])
    : type;
  if (chance.percent(odd / 8)) headers['content-encoding'] = chance.of(['gzip', 'identity', 'br, gzip']);
  if (chance.percent(odd / 4)) return chance.of(ODD_BODIES);
  const value = sample(requestBody!.content[type]!.schema, document, stage.known, chance, odd);
  if (type === 'application/json') return JSON.stringify(value);
  return new URLSearchParams(Object.entries(value as object).map(([name, inner]): [string, string] => [name, String(inner)])).toString();
}
