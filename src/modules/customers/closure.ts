import { type Database, sql } from '#kernel/database.ts';
import { type ClosureState, closureMachine } from './closure-state.ts';

export interface ClosureRow {
  account_id: string;
  state: ClosureState;
  /** Whoever holds this lease runs the closure; it is also how a runner that was overtaken notices. */
  lease_until: Date;
}

const COLUMNS = sql`account_id, state, lease_until`;

/** Writes the closure down. @returns undefined when there is one already. */
export const beginClosure = (db: Database, accountId: string, { now, leaseUntil }: { now: Date; leaseUntil: Date }) =>
  db.maybe<ClosureRow>(sql`
    insert into customers.closures (account_id, state, lease_until, begun_at) values (${accountId}, 'closing', ${leaseUntil}, ${now})
    on conflict do nothing returning ${COLUMNS}`);

/** Takes a closure whose runner is gone. */
export const claimLeft = (db: Database, accountId: string, { now, leaseUntil }: { now: Date; leaseUntil: Date }) =>
  db.maybe<ClosureRow>(sql`
    update customers.closures set lease_until = ${leaseUntil}
    where account_id = ${accountId} and state <> 'erased' and lease_until <= ${now} returning ${COLUMNS}`);

export const findLeft = (db: Database, now: Date) =>
  db.many<{ account_id: string }>(sql`
    select account_id from customers.closures where state <> 'erased' and lease_until <= ${now} order by lease_until limit 100`);

/** @returns false when another runner has taken the closure over. */
export const moveClosure = async (db: Database, { account_id, state, lease_until }: ClosureRow, to: ClosureState): Promise<boolean> =>
  (await db.execute(sql`
    update customers.closures set state = ${to} where account_id = ${account_id} and state = ${state} and lease_until = ${lease_until}`)) ===
  1;

export const dropClosure = (db: Database, { account_id, lease_until }: ClosureRow) =>
  db.execute(sql`
    delete from customers.closures where account_id = ${account_id} and ${closureMachine.allows('drop')} and lease_until = ${lease_until}`);
