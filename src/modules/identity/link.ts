import { type Database, sql } from '#kernel/database.ts';
import type { Secrets } from '#kernel/secrets.ts';
import { ACCOUNT, type LivingAccount } from './account.ts';

/** Somebody as a provider knows them: by a name that only the provider gives (`sub` in OpenID Connect), here as a keyed index. */
export interface Link {
  provider: string;
  subjectIndex: string;
}

export const linkOf = (secrets: Secrets, { provider, subject }: { provider: string; subject: string }): Link => ({
  provider,
  subjectIndex: secrets.blindIndex(JSON.stringify([provider, subject]), 'identity.link'),
});

/** The account that is linked, if any. */
export const findLinked = (db: Database, { provider, subjectIndex }: Link) =>
  db.maybe<LivingAccount>(sql`
    select ${ACCOUNT} from identity.links l join identity.accounts a on a.id = l.account_id
    where l.provider = ${provider} and l.subject_index = ${subjectIndex} and a.state <> 'erased'`);

/** @throws a violation of `links_pkey` when somebody else has linked it first. The account must be locked, or new. */
export const insertLink = (tx: Database, link: Link, { accountId, now }: { accountId: string; now: Date }) =>
  tx.execute(sql`
    insert into identity.links (provider, subject_index, account_id, created_at)
    values (${link.provider}, ${link.subjectIndex}, ${accountId}, ${now})`);

/** Which providers an account is linked to, the oldest link first. */
export const findLinks = (db: Database, accountId: string) =>
  db.many<{ provider: string; created_at: Date }>(sql`
    select provider, created_at from identity.links where account_id = ${accountId} order by created_at, subject_index limit 100`);

/** Takes all links of an account away. It must be locked, or about to be erased. */
export const dropLinks = (tx: Database, accountId: string) => tx.execute(sql`delete from identity.links where account_id = ${accountId}`);
