import { z } from 'zod';
import type { BodyStream } from './body-stream.ts';
import type { Dialect, Refusals } from './dialect.ts';
import type { FileReply, StreamReply } from './file-reply.ts';
import type { FirstCall } from './keyed-calls.ts';
import type { Permission } from './permissions.ts';
import type { Precondition } from './preconditions.ts';
import type { ProblemKind } from './problems.ts';

/** Who may call a route. Every route says it; there is no default. */
export type Access =
  | { kind: 'anyone' }
  /** Anybody with an account, and API keys with one of these scopes: the handler looks at who calls. */
  | { kind: 'signed-in'; scopes?: readonly Permission[] }
  | { kind: 'permission'; permission: Permission }
  /** The account named by `{username}` in the path, or staff with the permission. */
  | { kind: 'own-account'; staff?: Permission }
  /**
   * The owner of the object in the path, or staff; the handler is given `owner` and its SQL must ask for it. An API key with one of
   * `scopes` may own such an object too, by its own id.
   */
  | { kind: 'owned'; what: string; staff?: Permission; scopes?: readonly Permission[] };

export const anyone: Access = { kind: 'anyone' };
export const signedIn: Access = { kind: 'signed-in' };
export const sentOr = (...scopes: Permission[]): Access => ({ kind: 'signed-in', scopes });
export const permitted = (permission: Permission): Access => ({ kind: 'permission', permission });
export const ownAccount = (staff?: Permission): Access => ({ kind: 'own-account', staff });
export const owned = (what: string, staff?: Permission, scopes?: readonly Permission[]): Access => ({ kind: 'owned', what, staff, scopes });

/**
 * The permissions by which an API key may call a route, each by itself; none if the call needs an account, because
 * something is its own, or because it may have to prove a second factor.
 */
export function scopesOf({ access, mfa }: Pick<Route['spec'], 'access' | 'mfa'>): readonly Permission[] {
  if (mfa || access.kind === 'anyone') return [];
  if (access.kind === 'signed-in') return access.scopes ?? [];
  const scope = access.kind === 'permission' ? access.permission : access.staff;
  return [...(scope ? [scope] : []), ...(access.kind === 'owned' ? (access.scopes ?? []) : [])];
}

/** Whether a repeated call with the same Idempotency-Key is answered as the first one. */
export const takesKey = ({ idempotent, again }: Pick<Route['spec'], 'idempotent' | 'again'>): boolean => Boolean(idempotent || again);

/** Whether a route asks for the version that its caller has seen: it then says that another one is refused. */
export const honoursIfMatch = ({ problems }: Pick<Route['spec'], 'problems'>): boolean =>
  problems.some(({ code }) => code === 'version-mismatch');

/** Whether a caller acts on what is anybody's, by the permission of an `owned` route. */
export const actsAsStaff = ({ access }: Pick<Route['spec'], 'access'>, permissions: ReadonlySet<string>): boolean =>
  access.kind === 'owned' && access.staff !== undefined && permissions.has(access.staff);

/** Names in a path: `ParamsOf<'/orders/{id}'>` is `{ id: string }`. */
export type ParamsOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { [K in Name]: string } & ParamsOf<Rest>
  : unknown;

/** What a handler is given. All of it has been checked against the route's schemas. */
export interface Call<Path extends string, Query, Body> {
  params: ParamsOf<Path>;
  query: Query;
  body: Body;
  /** The Idempotency-Key and a keyed hash of the body; undefined when the caller sent none. */
  key: Key | undefined;
  /** What If-Match and If-None-Match ask of the version; for `demandVersion`. */
  ifMatch: Precondition | undefined;
  /** On routes with `streams`: the body as it comes, at most `limitBytes` of it. What is left unread is dropped with the connection. */
  stream: BodyStream;
  /** The address that was asked, with its query as it was written: for signatures. */
  url: string;
  /** On `owned` routes: the account that must own the object, or null for staff who may act on anybody's. */
  owner: string | null;
  header(name: string): string | undefined;
  /** The names of all headers, in small letters: for signatures. */
  headerNames(): string[];
}

/** What makes a repeated call the same call: the caller, the key, and the content. */
export interface Key {
  principal: string;
  value: string;
  bodyHash: string;
}

const REPLAYED = Symbol('replayed');
const TEXT = Symbol('json text');

export interface Replayed<T> {
  [REPLAYED]: true;
  value: T;
  /** The status of the reply, where it is not that of the route. */
  status?: 200;
  /** Whether an earlier call had the same key and body: the reply then says `Idempotent-Replayed`. */
  isRepeated: boolean;
}

/** A reply rebuilt from the row that an earlier call with the same key made. */
export const replayed = <T>(value: T): Replayed<T> => ({ [REPLAYED]: true, value, isRepeated: true });
/** What the call asks for was there already: 200 on a route with `mayExist`. `isRepeated`: an earlier call with this key found it. */
export const existing = <T>(value: T, { isRepeated }: { isRepeated: boolean }): Replayed<T> => ({
  [REPLAYED]: true,
  value,
  status: 200,
  isRepeated,
});
export const isReplayed = (answer: unknown): answer is Replayed<unknown> =>
  typeof answer === 'object' && answer !== null && REPLAYED in answer;

/** A reply that PostgreSQL has already written as JSON. It is passed through; tests and development check it against the schema. */
export interface JsonText {
  [TEXT]: string;
}

export const jsonText = (text: string): JsonText => ({ [TEXT]: text });
export const textOf = (answer: unknown): string | undefined =>
  typeof answer === 'object' && answer !== null ? (answer as Partial<JsonText>)[TEXT] : undefined;

const REDIRECTION = Symbol('redirection');

/** Sends the browser elsewhere, and may leave it a cookie. */
export interface Redirection {
  [REDIRECTION]: true;
  location: string;
  cookie: string | undefined;
}

/** A reply by the status that the route says in `redirects`. */
export const redirection = (location: string, cookie?: string): Redirection => ({ [REDIRECTION]: true, location, cookie });
export const isRedirection = (answer: unknown): answer is Redirection =>
  typeof answer === 'object' && answer !== null && REDIRECTION in answer;

/** A page for people, on routes with `html`. */
export const HtmlPage = z.string().meta({ example: '<!doctype html>' });

/** What a file is, on routes with `sends`. */
export const FileBody = z.string().meta({ format: 'binary', example: '(the bytes of the file)' });

/** A body that is not read into memory. */
export interface Streams {
  /** The content types that are taken; a parameter such as `charset` may follow. */
  readonly types: readonly string[];
  /** The fields that a form has before its `file`, for the reference of the API. */
  readonly fields?: readonly string[];
  /** The sender need not say any. */
  readonly orNone?: boolean;
  /** 413 as soon as more has come, or at once where the header says so. */
  readonly limitBytes: number;
}

export interface RouteSpec<Path extends string, Ctx, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> {
  summary: string;
  description?: string;
  /** Stable operation id; made from method and path when absent. */
  id?: string;
  access: Access;
  /**
   * Marked (MFA): an account with a second factor must have proven it within the last ten minutes. `'staff'`: only who acts by a
   * permission on what is somebody else's, not the owner.
   */
  mfa?: boolean | 'staff';
  /** `true`: an Idempotency-Key is honoured; `'required'`: demanded, because money or stock moves. */
  idempotent?: boolean | 'required';
  /**
   * An Idempotency-Key is honoured, and the kernel remembers it (keyed-calls.ts): for calls that change something that is there. This
   * makes the reply of a repeated call, of what is there now, and changes nothing.
   */
  again?: (
    ctx: Ctx,
    call: Call<Path, z.infer<Q>, z.infer<B>>,
    first: FirstCall,
  ) => Promise<z.input<R> | Replayed<z.input<R>> | JsonText | undefined>;
  /** An Idempotency-Key is accepted and has no effect: what a repeated call does instead, and why. The documents say so. */
  actsAgain?: string;
  /** What names in the path mean, where they are neither ids nor usernames. */
  params?: Readonly<Record<string, { readonly description: string; readonly example: string }>>;
  query?: Q;
  body?: B;
  /** The body may also come as a form (RFC 6749 asks for it); with `multipart` in parts too, as mailboxes send it (RFC 8058). */
  form?: boolean | 'multipart';
  /** The reply is a page for people, in HTML, which may hold a form and styles of its own. `returns` is `HtmlPage`. */
  html?: boolean;
  /** The body is a stream: `call.stream`. A route has this or `body`. */
  streams?: Streams;
  /** The reply is a file of one of these content types: the handler answers with `fileReply`. `returns` is `FileBody`. */
  sends?: readonly string[];
  /** The reply is a stream of this content type: the handler answers with `streamReply`. `returns` is `FileBody`. */
  pours?: string;
  /** The caller may use `Authorization: Basic` (RFC 7617); the handler reads it. */
  basic?: boolean;
  returns: R | null;
  status?: 200 | 201 | 202 | 204;
  /** It makes something that can exist once: where it does already, it shows that with 200 (`existing`). */
  mayExist?: true;
  /** It may answer with a `redirection`, by this status; where it returns null it always does. */
  redirects?: 302 | 303;
  /** A GET that changes something, because a browser is sent to it: it is audited like other changes. */
  changes?: boolean;
  problems: readonly ProblemKind<never>[];
  /** Its refusals (401 and 403) are audited for callers that are not signed in too: somebody tries a password, a code or a token. */
  audits?: 'refusals';
  /** Version of the reply, sent as ETag. */
  etag?: (result: z.infer<R>) => number;
  /**
   * The topics that the reply shows: it is then stored for up to a second for anonymous callers, and dropped when a transaction says that
   * one of them has changed (ready-replies.ts). For a public GET that tells everybody anonymous the same, and has no narrow limit.
   */
  ready?: (params: ParamsOf<Path>, result: z.infer<R>) => readonly string[];
  /** Where what a 201 has made can be read: a path below `/v1`, or of the list that shows it. Every route that answers 201 has one. */
  location?: (result: z.infer<R>, params: ParamsOf<Path>) => string;
  /** What the example of its reply says instead of what its schema says. */
  example?: Partial<z.input<R>>;
  /** On a route of a dialect: its words for problems. */
  refusals?: Refusals;
  /** On a route of a dialect: the API key may stand in `Authorization` by itself, without a scheme. */
  rawKey?: boolean;
  /** Who may call hangs on more than `access`, a setting for example: it throws before the body is read. */
  admits?: (ctx: Ctx) => void;
  /** What a browser saves the reply as, with its ending, made of it; without it the reply is shown. Any letters will do. */
  fileName?: (result: z.infer<R>) => string;
  /** A narrow limit that the module declares; a function where it hangs on what the call asks for; the body is then read before it is counted. */
  limit?: string | ((body: z.infer<B>) => string);
  /** Whether the reply may be cached, for how long, and what drops it. */
  cacheControl?: string;
  handle: (
    ctx: Ctx,
    call: Call<Path, z.infer<Q>, z.infer<B>>,
  ) => Promise<z.input<R> | Replayed<z.input<R>> | JsonText | Redirection | FileReply | StreamReply | undefined>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly spec: RouteSpec<string, never, z.ZodType, z.ZodType, z.ZodType>;
  /** Set by the module that speaks it. */
  readonly dialect?: Dialect;
}

/** Below it stand the routes of dialects. */
export const COMPAT = '/compat/';

/** Whether a path is written whole: it has no `/v1`, and no alias without it. */
export const isAtRoot = (path: string): boolean => path.startsWith('/.') || path.startsWith(COMPAT);

const route =
  (method: Route['method']) =>
  <const Path extends string, Ctx, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
    path: Path,
    spec: RouteSpec<Path, Ctx, Q, B, R>,
  ): Route => ({
    method,
    path,
    spec: spec as unknown as Route['spec'],
  });

export const get = route('GET');
export const post = route('POST');
export const put = route('PUT');
export const patch = route('PATCH');
export const del = route('DELETE');

const operationIds = new WeakMap<Route, string>();

/** The id of an operation, as OpenAPI, logs, metrics and the audit trail name it: `POST /orders` is `postOrders`. */
export function operationId(route: Route): string {
  const known = operationIds.get(route) ?? route.spec.id ?? idOf(route);
  operationIds.set(route, known);
  return known;
}

function idOf({ method, path }: Route): string {
  const words = path
    .split('/')
    .filter(Boolean)
    .map((part) => (part.startsWith('{') ? `by-${part.slice(1, -1)}` : part));
  return [method.toLowerCase(), ...words].join('-').replace(/[^A-Za-z0-9]+(.)/g, (_, letter: string) => letter.toUpperCase());
}
