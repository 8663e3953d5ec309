import { type Database, sql } from '#kernel/database.ts';
import { leased } from '#kernel/lease.ts';
import { type ClosureState, closureMachine } from './closure-state.ts';

export interface ClosureRow {
  account_id: string;
  state: ClosureState;
  /** The process with this lease runs the closure. A process that was overtaken notices it by the lease. */
  lease_until: Date;
}

const COLUMNS = sql`account_id, state, lease_until`;

/** Writes the closure down. @returns undefined when there is one already. */
export const beginClosure = (db: Database, accountId: string, { now, leaseUntil }: { now: Date; leaseUntil: Date }) =>
  db.maybe<ClosureRow>(sql`
    insert into customers.closures (account_id, state, lease_until, begun_at) values (${accountId}, 'closing', ${leaseUntil}, ${now})
    on conflict do nothing returning ${COLUMNS}`);

/** Closures that are under way. */
export const openClosures = leased(closureMachine, ['erase', 'drop', 'finish'], { key: 'account_id', returning: COLUMNS });

type Move = 'reopen' | 'erase' | 'finish';

/** @returns the closure as it is now, or undefined when another runner has taken it over. */
export const moveClosure = (db: Database, { account_id, state, lease_until }: ClosureRow, command: Move) =>
  db.maybe<ClosureRow>(sql`
    update customers.closures set state = ${closureMachine.after(state, command)}
    where account_id = ${account_id} and state = ${state} and lease_until = ${lease_until} returning ${COLUMNS}`);

export const dropClosure = (db: Database, { account_id, lease_until }: ClosureRow) =>
  db.execute(sql`
    delete from customers.closures where account_id = ${account_id} and ${closureMachine.allows('drop')} and lease_until = ${lease_until}`);
