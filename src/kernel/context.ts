import type { Logger } from 'pino';
import type { Cause } from './cause.ts';
import type { Clock } from './clock.ts';
import type { Client, Contract } from './contracts.ts';
import type { Database } from './database.ts';
import type { KeyedCall } from './keyed-calls.ts';
import type { Language } from './languages.ts';
import type { Permissions } from './permissions.ts';
import type { Secrets } from './secrets.ts';

/** Who is asking. Nothing of it comes from a body: it is read from a verified token or API key, or is the system itself. */
export interface Actor {
  kind: 'anonymous' | 'user' | 'key' | 'system';
  /** Id of the account, or of the API key; empty for anonymous callers and the system. */
  id: string;
  /** Empty for an API key: it belongs to no account. */
  username: string;
  /** Of an API key, the partner that it belongs to, by its folded name: two keys of one partner are one. Null for all others. */
  partner: string | null;
  roles: readonly string[];
  permissions: ReadonlySet<string>;
  /** The sign-in that the token belongs to. */
  sessionId: string | null;
  /** Whether the account has a second factor. */
  mfaEnrolled: boolean;
  /** When this token's bearer last proved it, in seconds since 1970; null when the token does not say so. */
  mfaAt: number | null;
  /** When an outside issuer let the bearer of its token in, in seconds since 1970; null for our own, whose session says it. */
  signedInAt?: number | null;
}

const nobody = { id: '', partner: null, roles: [], permissions: new Set<string>(), sessionId: null, mfaEnrolled: false, mfaAt: null };

export const anonymous: Actor = { ...nobody, kind: 'anonymous', username: '' };

/** A partner's system, by its API key: it holds the permissions that its scopes name, and nothing is its own. */
export const keyActor = (id: string, partner: string, scopes: readonly string[]): Actor => ({
  ...nobody,
  kind: 'key',
  id,
  partner,
  username: '',
  permissions: new Set(scopes),
});

/** The system itself: jobs, timers, the command line. */
export const system: Actor = { ...nobody, kind: 'system', username: 'system' };

/** True when the actor has the permission, or is the system itself. */
export const may = (actor: Actor, permission: string): boolean => actor.kind === 'system' || actor.permissions.has(permission);

/** The HTTP call that an operation serves, as far as operations may know it. */
export interface RequestScope {
  id: string;
  /** Address of the caller, for limits only: it is not stored. */
  address: string;
  operation: string;
  subject: string | null;
  /** Set once the audit entry of this call is written. */
  audited: boolean;
  stateChanging: boolean;
  /** Set where the kernel remembers the call by its Idempotency-Key: its row is written with the audit entry. */
  keyed?: KeyedCall | null;
  /** Set by `readsDataOf`: the call shows personal data of somebody else, so the reading is audited. */
  readsOthers: boolean;
  /** The status of the refusal that the call will end with, where what it writes is a refusal too. */
  refusedWith: number | null;
  /** The header `traceparent` that it came with. */
  trace: string | null;
  /** What its header `Accept-Language` asks for, of the languages that Souk writes in. */
  readonly language: Language | null;
}

/** What every operation is handed. */
export interface BaseContext<OwnSettings = unknown> {
  readonly db: Database;
  readonly clock: Clock;
  readonly actor: Actor;
  readonly log: Logger;
  /** What the module made of its own settings; it sees no others. */
  readonly settings: OwnSettings;
  /** Seals and signs for this module alone: every purpose begins with its name. */
  readonly secrets: Secrets;
  /** Every permission there is, for those who hand them out. */
  readonly permissions: Permissions;
  readonly request: RequestScope | null;
  /** What led to this: the request itself, or the one that a job or a reaction follows from. */
  readonly cause: Cause | null;
  /** Address of who called first, also where another service asks for them: for limits only, it is not stored. */
  readonly address: string | null;
  /** Reports how much of a long operation is done, if the caller asked for it. */
  progress(done: number, total: number): void;
  /** Counts copies of this module's data that differed from their source and were repaired, for the metrics. */
  repaired(copy: string, count: number): void;
  /**
   * Of jobs, reactions and timers: aborted when their time is over. The database then refuses their statements, and calls of other
   * services end; code that fetches something else passes it on. Undefined for requests.
   */
  readonly signal: AbortSignal | undefined;
  /**
   * Runs the steps in one transaction when every module they ask runs here; otherwise each step commits by itself.
   * The result must be correct in both cases.
   */
  together<T>(work: (ctx: this) => Promise<T>): Promise<T>;
  /** Whether `together` begins one transaction here, so that nothing of it is committed before all of it is. */
  readonly isTogether: boolean;
}

export type Needs = Readonly<Record<string, Contract>>;

/** The context of a module: the base with its settings, a client for each contract it needs, and its ports. */
export type Context<N extends Needs = Record<never, never>, Ports = unknown, OwnSettings = unknown> = BaseContext<OwnSettings> & {
  readonly [Name in keyof N]: Client<N[Name]>;
} & Ports;
