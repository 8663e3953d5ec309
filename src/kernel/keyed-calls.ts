import type { RequestScope } from './context.ts';
import { type Database, type Sql, sql, violates } from './database.ts';
import { refuseOtherBody } from './idempotency.ts';
import { Problem, stillRunning, unavailable } from './problems.ts';
import { type Key, type Replayed, replayed } from './routes.ts';

/** A call with a key that the kernel remembers, because no row of its module does. `module` is whose route was called. */
export interface KeyedCall extends Key {
  module: string;
}

/** The first call with a key. */
export interface FirstCall {
  /** What the audit trail says that it was about. */
  subject: string | null;
  at: Date;
}

/** The row that remembers a call. A second one under its key waits until the transaction of the first one has ended, and then fails. */
export const callInsert = ({ principal, value, bodyHash, module }: KeyedCall, { subject, at }: FirstCall): Sql => sql`
  insert into kernel.calls (principal, key, module, body_hash, subject, at)
  values (${principal}, ${value}, ${module}, ${bodyHash}, ${subject}, ${at})`;

const callWith = ({ principal, value }: Key): Sql =>
  sql`select body_hash, subject, at from kernel.calls where principal = ${principal} and key = ${value}`;

/** Whether the first call with the same key has committed while this one ran. */
export const isRepeated = (error: unknown): boolean => violates(error, 'calls_pkey');

interface Keyed<T> {
  /** Of the kernel. */
  db: Database;
  scope: RequestScope;
  call: KeyedCall;
  /** Does the work. The first transaction that commits writes the row of the call with its audit entry. */
  act(): Promise<T>;
  /** Makes the reply of a repeated call, of what is there now. It changes nothing. */
  again(first: FirstCall): Promise<T>;
}

/**
 * Does a keyed call once. The row of the first call is looked for only when the work is refused or comes second, so that a first
 * call pays nothing for its key. What a repeated call has done by then is rolled back, since its own row cannot be written.
 * A refusal that wrote nothing is judged afresh.
 *
 * @throws keyReused when the first call was different; stillRunning when it has not ended after 5 s.
 */
export async function callOnce<T>({ db, scope, call, act, again }: Keyed<T>): Promise<T | Replayed<T>> {
  scope.keyed = call;
  try {
    return await act();
  } catch (error) {
    const isSecond = isRepeated(error) || waitedForAnother(error);
    if (scope.audited || !(isSecond || error instanceof Problem)) throw error; // what is audited is done, and has written its row
    const first = await db.maybe<FirstCall & { body_hash: string }>(callWith(call));
    if (!first) throw isSecond ? stillRunning({ retryAfterSeconds: 1 }) : error;
    refuseOtherBody(first, call);
    scope.keyed = null;
    scope.subject = first.subject ?? scope.subject; // what this call made is undone
    return replayed(await again(first));
  }
}

/** The first call holds a lock of what both change, or has written its row and not committed. */
const waitedForAnother = (error: unknown): boolean =>
  unavailable.is(error) && (error.cause as { code?: string } | undefined)?.code === '55P03';
