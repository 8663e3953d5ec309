import { TOTP } from 'otpauth';
import pg from 'pg';
import { PASSWORD, type Person, type Reply } from './people.ts';
import type { World } from './world.ts';

export const TOTP_PATH = '/v1/auth/mfa/totp';
export const WRONG = { code: 'aaaaa-aaaaa' };

/** Somebody's authenticator app. */
export interface App {
  /** The code of the time step `stepsAway` from now. */
  code(stepsAway?: number): string;
  /** The code of a time step that was not used yet: half a minute passes. */
  next(): string;
}

export function appOf(w: World, secret: string): App {
  const totp = new TOTP({ secret });
  const code = (stepsAway = 0) => totp.generate({ timestamp: w.clock.now().getTime() + stepsAway * 30_000 });
  return {
    code,
    next() {
      w.clock.advance(30_000);
      return code();
    },
  };
}

/** Enrols a second factor for somebody who has this password. `person` is them again, stepped up. */
export async function enrol(
  w: World,
  person: Person,
  currentPassword = PASSWORD,
): Promise<{ person: Person; app: App; secret: string; recoveryCodes: string[] }> {
  const { secret } = (await person.post(TOTP_PATH, { currentPassword })).body;
  const app = appOf(w, secret);
  const confirmed = await person.post(`${TOTP_PATH}/confirm`, { code: app.code() });
  if (confirmed.status !== 200) throw new Error(`${person.username} cannot enrol: ${JSON.stringify(confirmed.body)}`);
  return { person: w.withToken(person, confirmed.body.accessToken), app, secret, recoveryCodes: confirmed.body.recoveryCodes };
}

/** What an access token says. */
export const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

/** Lets a call run until it waits for the row of an account, changes something, and lets it go on. */
export async function meanwhile(
  w: World,
  accountId: string,
  call: () => Promise<Reply>,
  change: { text: string; values: unknown[] },
): Promise<Reply> {
  const client = new pg.Client({ connectionString: w.databaseUrl });
  await client.connect();
  await client.query('begin');
  await client.query('select 1 from identity.accounts where id = $1 for update', [accountId]);
  const reply = call();
  const isWaiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  for (let isHeld = false; !isHeld; ) isHeld = (await w.sql(isWaiting)).length > 0;
  await client.query(change.text, change.values);
  await client.query('commit');
  await client.end();
  return reply;
}
