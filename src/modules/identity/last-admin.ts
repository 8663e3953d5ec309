import { type Database, empty, sql } from '#kernel/database.ts';
import { lastAdmin } from './problems.ts';

/**
 * Whether the account is the only active admin. `locked` keeps all admins as they are until the transaction ends, so that of two who
 * leave, or lose the role, at once one is refused. It comes before the lock of the account.
 * Who is no admin locks nobody: customers who leave do not wait for each other.
 */
export async function isLastAdmin(db: Database, accountId: string, locked = false): Promise<boolean> {
  const rows = await db.many<{ id: string }>(sql`
    select id from identity.accounts where 'admin' = any (roles) and state = 'active'
      and exists (select 1 from identity.accounts where id = ${accountId} and 'admin' = any (roles))
    order by id ${locked ? sql`for update` : empty}`);
  return rows.length === 1 && rows[0]?.id === accountId;
}

/** @throws lastAdmin when the account is the only active admin. */
export async function refuseLastAdmin(tx: Database, accountId: string): Promise<void> {
  if (await isLastAdmin(tx, accountId, true)) throw lastAdmin();
}
