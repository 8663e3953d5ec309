import { type Database, sql, violates } from '#kernel/database.ts';
import { lastAdmin } from './problems.ts';

/** Whether the account is the only active admin at the moment. */
export const isLastAdmin = async (db: Database, accountId: string): Promise<boolean> => {
  const rows = await db.many<{ id: string }>(sql`
    select id from identity.accounts where 'admin' = any (roles) and state = 'active' limit 2`);
  return rows.length === 1 && rows[0]?.id === accountId;
};

/** For an operator, until the end of the transaction: nobody has to stay an admin. */
export const evenTheLastAdmin = (tx: Database) => tx.execute(sql`select set_config('souk.even_last_admin', 'on', true)`);

/** Whether the database refused a change because it would leave no active admin (`an_admin_stays`). */
export const leavesNoAdmin = (error: unknown): boolean => violates(error, 'an_admin_stays');

/** The database's refusal to be left without an active admin, as the caller meets it. @throws lastAdmin, or the error itself. */
export function asLastAdmin(error: unknown): never {
  throw leavesNoAdmin(error) ? lastAdmin() : error;
}
