import { createHash, randomBytes } from 'node:crypto';
import { minutes, seconds } from '#kernel/clock.ts';
import { type Database, sql } from '#kernel/database.ts';
import { type Secrets, sameText } from '#kernel/secrets.ts';

const LIFE_MS = seconds(60);
/** It opens nothing without a code, and typing one takes a while. */
const LIFE_WITH_CODE_MS = minutes(5);

const hashOf = (secrets: Secrets, ticket: string): string => secrets.fingerprint(ticket, 'social.ticket');

export interface TicketRow {
  ticket_hash: string;
  account_id: string;
  rev: number;
  challenge: string | null;
  expires_at: Date;
}

interface Issue {
  account: { id: string; rev: number; hasSecondFactor: boolean };
  challenge: string | undefined;
  now: Date;
}

/** Writes a ticket for a recognised account. @returns its text, which is stored nowhere. */
export async function issueTicket(db: Database, secrets: Secrets, { account, challenge, now }: Issue): Promise<string> {
  const ticket = randomBytes(32).toString('base64url');
  await storeTicket(db, {
    ticket_hash: hashOf(secrets, ticket),
    account_id: account.id,
    rev: account.rev,
    challenge: challenge ?? null,
    expires_at: new Date(now.getTime() + (account.hasSecondFactor ? LIFE_WITH_CODE_MS : LIFE_MS)),
  });
  return ticket;
}

/** Whether it is the page that began the authorization request: it knows what the challenge is the hash of. Without a challenge anybody is. */
export const isTheirs = ({ challenge }: TicketRow, verifier: string | undefined): boolean =>
  challenge === null || (verifier !== undefined && sameText(createHash('sha256').update(verifier).digest('base64url'), challenge));

/** Takes the ticket, so that nobody else can use it. @returns undefined if there is none, or it has expired. */
export const takeTicket = (db: Database, secrets: Secrets, ticket: string, now: Date) =>
  db.maybe<TicketRow>(sql`
    delete from social.tickets where ticket_hash = ${hashOf(secrets, ticket)} and expires_at > ${now}
    returning ticket_hash, account_id, rev, challenge, expires_at`);

/** Writes a ticket, also one that was taken and not used up. */
export const storeTicket = (db: Database, t: TicketRow) =>
  db.execute(sql`
    insert into social.tickets (ticket_hash, account_id, rev, challenge, expires_at)
    values (${t.ticket_hash}, ${t.account_id}, ${t.rev}, ${t.challenge}, ${t.expires_at})`);

export const forgetTickets = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from social.tickets where ticket_hash in (
      select ticket_hash from social.tickets where expires_at < ${now} order by expires_at limit ${limit} for update skip locked)`);
