import { randomBytes } from 'node:crypto';
import type { AuthorizationRequest } from '#adapters/identity-providers/port.ts';
import { minutes } from '#kernel/clock.ts';
import { type Database, sql } from '#kernel/database.ts';
import type { Secrets } from '#kernel/secrets.ts';
import type { Social } from './context.ts';

export const REQUEST_MS = minutes(10);

export const newState = (): string => randomBytes(32).toString('base64url');

/**
 * What belongs to a state. Verifier and nonce are made from it with a key of ours, so that they are stored nowhere: who has seen
 * the state in an address has neither.
 */
export const requestOf = (
  { secrets, settings }: Pick<Social, 'secrets' | 'settings'>,
  provider: string,
  state: string,
): AuthorizationRequest => ({
  state,
  nonce: secrets.sign(state, 'social.nonce').toString('base64url'),
  verifier: secrets.sign(state, 'social.verifier').toString('base64url'),
  redirectUri: `${settings.publicUrl.replace(/\/+$/, '')}/v1/auth/social/${provider}/callback`,
});

/** Which authorization request a browser is on: by the state, and by what the browser was given to keep. */
export interface BrowserRequest {
  provider: string;
  state: string;
  /** Value of the browser's cookie. */
  kept: string;
}

const stateHash = (secrets: Secrets, state: string): string => secrets.fingerprint(state, 'social.state');
const browserHash = (secrets: Secrets, kept: string): string => secrets.fingerprint(kept, 'social.browser');

export const insertRequest = (db: Database, secrets: Secrets, { provider, state, kept }: BrowserRequest, now: Date) =>
  db.execute(sql`
    insert into social.journeys (state_hash, browser_hash, provider, expires_at)
    values (${stateHash(secrets, state)}, ${browserHash(secrets, kept)}, ${provider}, ${new Date(now.getTime() + REQUEST_MS)})`);

/**
 * Ends the authorization request of this very browser. When several come back with one state at once, one is let in.
 * @returns false if there is none, or it has expired.
 */
export const endRequest = async (db: Database, secrets: Secrets, { provider, state, kept }: BrowserRequest, now: Date): Promise<boolean> =>
  (await db.execute(sql`
    delete from social.journeys
    where state_hash = ${stateHash(secrets, state)} and browser_hash = ${browserHash(secrets, kept)} and provider = ${provider}
      and expires_at > ${now}`)) === 1;

export const forgetRequests = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from social.journeys where state_hash in (
      select state_hash from social.journeys where expires_at < ${now} order by expires_at limit ${limit} for update skip locked)`);
