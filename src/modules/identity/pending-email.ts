import { days } from '#kernel/clock.ts';
import { type Database, sql } from '#kernel/database.ts';
import type { Language } from '#kernel/languages.ts';

/** How long an address is stored for an email whose job has become a dead letter. */
const KEPT_MS = days(7);

export interface PendingEmail {
  account_id: string;
  username: string;
  language: Language | null;
  /** Sealed as the account's own address is. */
  to_sealed: string;
}

/** Stores the confirmed address that the account has now. @returns false when it has none. */
export const storePendingEmail = async (
  tx: Database,
  { id, accountId, now }: { id: string; accountId: string; now: Date },
): Promise<boolean> =>
  (await tx.execute(sql`
    insert into identity.owed_letters (id, account_id, to_sealed, created_at)
    select ${id}, id, email_sealed, ${now} from identity.accounts where id = ${accountId} and email_confirmed_at is not null`)) === 1;

/** Undefined once the email is sent, or its account erased. */
export const findPendingEmail = (db: Database, id: string) =>
  db.maybe<PendingEmail>(sql`
    select l.account_id, a.username, a.language, l.to_sealed from identity.owed_letters l join identity.accounts a on a.id = l.account_id
    where l.id = ${id} and a.state <> 'erased'`);

export const dropPendingEmail = (db: Database, id: string) => db.execute(sql`delete from identity.owed_letters where id = ${id}`);

/** Emails to an account that is erased. */
export const dropPendingEmails = (tx: Database, accountId: string) =>
  tx.execute(sql`delete from identity.owed_letters where account_id = ${accountId}`);

export const forgetPendingEmails = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from identity.owed_letters where id in (
      select id from identity.owed_letters where created_at < ${new Date(now.getTime() - KEPT_MS)} order by created_at limit ${limit} for update skip locked)`);
