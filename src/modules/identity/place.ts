import { subnetOf } from '#kernel/addresses.ts';
import { days } from '#kernel/clock.ts';
import type { Database, Sql } from '#kernel/database.ts';
import { sql } from '#kernel/database.ts';
import type { Identity } from './context.ts';

/** How long a place is known after the last sign-in from it, and how many places of one account are. */
const KNOWN_MS = days(90);
const KNOWN_PLACES = 20;

/** Where a call comes from, for counting: a keyed hash of the network (an IPv4 address, a /64 of IPv6). */
export const placeOf = ({ address, secrets }: Pick<Identity, 'address' | 'secrets'>): string =>
  secrets.fingerprint(subnetOf(address ?? 'local'), 'identity.place');

/** Notes that the owner was here, as part of a statement whose `account` is the row: `remembered` and `forgotten` of the oldest. */
export const rememberingPlace = (accountId: string, place: string, now: Date): Sql => sql`
  remembered as (
    insert into identity.places as p (account_id, place, used_at) select account.id, ${place}, ${now} from account
    on conflict (account_id, place) do update set used_at = excluded.used_at where p.used_at < ${new Date(now.getTime() - days(1))}
  ), forgotten as (
    delete from identity.places where account_id = ${accountId} and place in (
      select place from identity.places where account_id = ${accountId} and place <> ${place}
      order by used_at desc, place offset ${KNOWN_PLACES - 1} for update skip locked)
  )`;

/** The same by itself: for who has made the account, or has proven to read its mail. */
export const rememberPlace = (tx: Database, accountId: string, place: string, now: Date) =>
  tx.execute(sql`
    with account as (select ${accountId}::uuid as id), ${rememberingPlace(accountId, place, now)} select from account`);

export const dropPlaces = (tx: Database, accountId: string) => tx.execute(sql`delete from identity.places where account_id = ${accountId}`);

export const forgetPlaces = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from identity.places where (account_id, place) in (
      select account_id, place from identity.places where used_at < ${new Date(now.getTime() - KNOWN_MS)} order by used_at limit ${limit} for update skip locked)`);
