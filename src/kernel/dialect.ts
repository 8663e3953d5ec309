import type { Problem } from './problems.ts';
import { type Headers, refusalHeaders } from './replies.ts';
import { COMPAT } from './routes.ts';

/**
 * A published API of another system that Souk speaks too, so that its clients work unchanged: a module whose routes stand at the root,
 * outside `/v1`, and refuse in its words. All else is as for every route: limits, CORS, logs, metrics, audit.
 */
export interface Dialect {
  readonly title: string;
  /** Markdown, for its own OpenAPI document. */
  readonly about: string;
  /** Where it answers, such as `/compat/shop`; paths, and all below them. */
  readonly bases: readonly string[];
  /** Where its own OpenAPI document is. */
  readonly document: string;
  /** The field that holds the sentence of a refusal, where a route says nothing else. */
  readonly sentence: 'message' | 'error';
  /** Its routes take id tokens that were issued for this name as Bearer, beside access tokens. */
  readonly idTokensFor?: string;
}

/** What a route of a dialect answers in place of a problem. */
export interface Refusal {
  readonly status: number;
  readonly body: object;
}

/** The words of a dialect by the code of the problem, `*` for all others; a function where its sentence is needed. */
export type Refusals = Readonly<Record<string, Refusal | ((problem: Problem) => Refusal)>>;

/** What a route says of a problem. */
export function saidOf({ sentence }: Pick<Dialect, 'sentence'>, problem: Problem, refusals: Refusals = {}): Refusal {
  const said = refusals[problem.code] ?? refusals['*'];
  if (said) return typeof said === 'function' ? said(problem) : said;
  return { status: problem.status, body: { [sentence]: sentenceOf(problem) } };
}

/** A problem as one sentence. For a wrong body it names the fields and what is wrong with them. */
export function sentenceOf({ extra, message }: Problem): string {
  const errors = (extra.errors ?? []) as { pointer: string; detail: string }[];
  return errors.length > 0 ? errors.map(({ pointer, detail }) => `${pointer || 'The body'} ${detail}`).join('; ') : message;
}

/** Says which problem a refusal in the words of a dialect is. */
export const PROBLEM_HEADER = 'x-souk-problem';

/** A refusal in the words of a dialect: those of the route, else the sentence alone under our status. A header has the code of the problem. */
export function dialectRefusal(dialect: Dialect, problem: Problem, headers: Headers, refusals?: Refusals): Response {
  const { status, body } = saidOf(dialect, problem, refusals);
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...refusalHeaders(problem, headers), 'content-type': 'application/json', [PROBLEM_HEADER]: problem.code },
  });
}

const below = (base: string, path: string): boolean => path === base || path.startsWith(`${base}/`);

/** The dialect whose words a path is refused in, also where nothing answers there. */
export const dialectAt = (dialects: readonly Dialect[], path: string): Dialect | undefined =>
  path.startsWith(COMPAT) ? dialects.find(({ bases }) => bases.some((base) => below(base, path))) : undefined;
