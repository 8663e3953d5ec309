import { type Database, sql } from '#kernel/database.ts';
import { lastAdmin } from './problems.ts';

const admins = sql`select id from identity.accounts where 'admin' = any (roles) and state = 'active' order by id`;

/**
 * Locks all admins, so that of two who take the role from the last two at once one is refused. Called before the account is locked.
 * @throws lastAdmin when the account is the only active admin.
 */
export async function refuseLastAdmin(tx: Database, accountId: string): Promise<void> {
  const rows = await tx.many<{ id: string }>(sql`${admins} for update`);
  if (rows.length === 1 && rows[0]?.id === accountId) throw lastAdmin();
}

/** Whether the account is the only active admin. */
export async function isLastAdmin(db: Database, accountId: string): Promise<boolean> {
  const rows = await db.many<{ id: string }>(sql`${admins} limit 2`);
  return rows.length === 1 && rows[0]?.id === accountId;
}
