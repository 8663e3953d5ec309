import { randomBytes } from 'node:crypto';
import { minutes, seconds } from '#kernel/clock.ts';
import { type Database, sql } from '#kernel/database.ts';
import type { Secrets } from '#kernel/secrets.ts';

const LIFE_MS = seconds(60);
/** It opens nothing without a code, and typing one takes a while. */
const LIFE_WITH_CODE_MS = minutes(5);

const hashOf = (secrets: Secrets, ticket: string): string => secrets.fingerprint(ticket, 'social.ticket');

/** Writes a ticket for an account that was recognised. @returns its text, which stands nowhere else. */
export async function issueTicket(
  db: Database,
  secrets: Secrets,
  { account, now }: { account: { id: string; rev: number; hasSecondFactor: boolean }; now: Date },
): Promise<string> {
  const ticket = randomBytes(32).toString('base64url');
  const expiresAt = new Date(now.getTime() + (account.hasSecondFactor ? LIFE_WITH_CODE_MS : LIFE_MS));
  await keepTicket(db, { ticket_hash: hashOf(secrets, ticket), account_id: account.id, rev: account.rev, expires_at: expiresAt });
  return ticket;
}

export interface TicketRow {
  ticket_hash: string;
  account_id: string;
  rev: number;
  expires_at: Date;
}

/** Takes the ticket away from everybody else. @returns undefined when there is none, or it has run out. */
export const takeTicket = (db: Database, secrets: Secrets, ticket: string, now: Date) =>
  db.maybe<TicketRow>(sql`
    delete from social.tickets where ticket_hash = ${hashOf(secrets, ticket)} and expires_at > ${now}
    returning ticket_hash, account_id, rev, expires_at`);

/** Writes a ticket, also one that was taken and not used up. */
export const keepTicket = (db: Database, t: TicketRow) =>
  db.execute(sql`
    insert into social.tickets (ticket_hash, account_id, rev, expires_at)
    values (${t.ticket_hash}, ${t.account_id}, ${t.rev}, ${t.expires_at})`);

export const forgetTickets = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from social.tickets where ticket_hash in (
      select ticket_hash from social.tickets where expires_at < ${now} order by expires_at limit ${limit} for update skip locked)`);
