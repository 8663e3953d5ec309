import { type Database, sql } from '#kernel/database.ts';
import { accountMachine } from './account-state.ts';

/** Closes an account; tokens older than `rev` are void. It must be locked, and active. */
export const setClosing = (tx: Database, id: string, rev: number) =>
  tx.execute(sql`
    update identity.accounts set state = 'closing', rev = ${rev}, version = version + 1 where id = ${id} and ${accountMachine.allows('close')}`);

export const setReopened = (db: Database, id: string) =>
  db.execute(sql`
    update identity.accounts set state = 'active', version = version + 1 where id = ${id} and ${accountMachine.allows('reopen')}`);

/** Takes everything out of a closed account but its id and the index of its name. @returns false when it is not closed. */
export const emptyAccount = async (tx: Database, id: string): Promise<boolean> =>
  (await tx.execute(sql`
    update identity.accounts
    set state = 'erased', username = null, password_hash = null, email_sealed = null, email_index = null, email_confirmed_at = null, claims_email = false,
        details_sealed = null, language = null, time_zone = null, roles = '{}', has_second_factor = false, suspension_reason = null, principal = null, idempotency_key = null, body_hash = null, version = version + 1
    where id = ${id} and ${accountMachine.allows('erase')}`)) === 1;
