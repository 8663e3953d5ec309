import { type Database, sql } from '#kernel/database.ts';

/** @returns false when it was not in the state `from`. */
export const moveAccount = async (
  db: Database,
  id: string,
  { from, to }: { from: 'active' | 'closing'; to: 'active' | 'closing' },
): Promise<boolean> =>
  (await db.execute(sql`
    update identity.accounts set state = ${to}, version = version + 1 where id = ${id} and state = ${from}`)) === 1;

/** Tokens older than `rev` are void. */
export const setRev = (tx: Database, id: string, rev: number) =>
  tx.execute(sql`update identity.accounts set rev = ${rev} where id = ${id}`);

/** Takes everything out of a closed account but its id and the index of its name. @returns false when it is not closed. */
export const emptyAccount = async (tx: Database, id: string): Promise<boolean> =>
  (await tx.execute(sql`
    update identity.accounts
    set state = 'erased', username = null, password_hash = null, email_sealed = null, email_index = null, email_confirmed_at = null,
        details_sealed = null, roles = '{}', has_second_factor = false, suspension_reason = null, principal = null, idempotency_key = null, body_hash = null, version = version + 1
    where id = ${id} and state = 'closing'`)) === 1;
