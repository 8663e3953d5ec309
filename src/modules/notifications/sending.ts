import { type Sql, sql } from '#kernel/database.ts';
import { machine } from '#kernel/machine.ts';
import type { Choices, Kind, SentChannel } from './kinds.ts';
import type { QuietHours } from './quiet-hours.ts';

/** The states of a message on its way. */
export const sendingMachine = machine({
  name: 'sending',
  table: 'notifications.sendings',
  states: ['waiting', 'sent', 'refused', 'dropped'],
  begins: { waiting: 'somebody is told something' },
  transitions: [
    { from: 'waiting', command: 'deliver', to: 'sent', who: 'system' },
    { from: 'waiting', command: 'refuse', to: 'refused', who: 'system', guard: 'the address is refused for good' },
    {
      from: 'waiting',
      command: 'drop',
      to: 'dropped',
      who: 'system',
      guard: 'there is no address, it is turned off, or the day has had enough',
    },
  ],
});

export interface SendingRow {
  id: string;
  channel: SentChannel;
  account_id: string;
  kind: Kind;
  text: string;
  values: Record<string, never>;
  state: 'waiting' | 'sent' | 'refused' | 'dropped';
  choices: Choices | null;
  quiet_from: string | null;
  quiet_until: string | null;
  /** The address at which this channel has stopped. */
  stopped_index: string | null;
}

/** One message of a notification. */
export interface Sending {
  notificationId: string;
  channel: SentChannel;
}

/** Sendings as the first two columns of `unnest`. */
const waysOf = (sendings: readonly Sending[]): Sql =>
  sql`${sendings.map(({ notificationId }) => notificationId)}::uuid[], ${sendings.map(({ channel }) => channel)}::text[]`;

/** Messages with what their readers have chosen. */
export const sendingsOf = (sendings: readonly Sending[]): Sql => sql`
  select n.id, s.channel, n.account_id, n.kind, n.text, n.values, s.state, c.choices, c.quiet_from, c.quiet_until, stop.address_index as stopped_index
  from unnest(${waysOf(sendings)}) as way (id, channel)
  join notifications.sendings as s on s.notification_id = way.id and s.channel = way.channel
  join notifications.notifications as n on n.id = s.notification_id
  left join notifications.settings as c on c.account_id = n.account_id
  left join notifications.stops as stop on stop.account_id = n.account_id and stop.channel = s.channel`;

export const quietHoursOf = ({ quiet_from, quiet_until }: Pick<SendingRow, 'quiet_from' | 'quiet_until'>): QuietHours | null =>
  quiet_from === null || quiet_until === null ? null : { from: quiet_from, until: quiet_until };

const LEASE_MS = 60_000;

/**
 * Takes messages in hand for a minute, and counts each against the day of its reader when it is tried for the first time. No row of what
 * somebody else has in hand; `allowed` is false where the day has had enough.
 */
export const claimSendings = (sendings: readonly (Sending & { accountId: string })[], now: Date, perDay: number): Sql => sql`
  with claimed as (
    update notifications.sendings as s set lease_until = ${new Date(now.getTime() + LEASE_MS)}, tries = tries + 1
    from unnest(${waysOf(sendings)}, ${sendings.map(({ accountId }) => accountId)}::uuid[]) with ordinality as way (id, channel, account_id, place)
    where s.notification_id = way.id and s.channel = way.channel and ${sendingMachine.allows('deliver', 's.state')} and (s.lease_until is null or s.lease_until <= ${now})
    returning way.place, s.notification_id, s.channel, s.tries, way.account_id),
  fresh as (
    select *, row_number() over (partition by account_id, channel order by place) as rank, count(*) over (partition by account_id, channel) as number
    from claimed where tries = 1),
  counted as (
    insert into notifications.days as d (account_id, channel, day, sent)
    select account_id, channel, ${now.toISOString().slice(0, 10)}::date, count(*) from fresh group by account_id, channel order by account_id, channel
    on conflict (account_id, channel, day) do update set sent = d.sent + excluded.sent returning account_id, channel, sent)
  select claimed.notification_id as "notificationId", claimed.channel, fresh.place is null or sent - fresh.number + fresh.rank <= ${perDay} as allowed,
    claimed.tries
  from claimed left join fresh using (place) left join counted on counted.account_id = fresh.account_id and counted.channel = fresh.channel`;

/** Gives messages back to whoever tries next. */
export const releaseSendings = (sendings: readonly Sending[]): Sql => sql`
  update notifications.sendings as s set lease_until = null from unnest(${waysOf(sendings)}) as way (id, channel)
  where s.notification_id = way.id and s.channel = way.channel and ${sendingMachine.allows('deliver', 's.state')}`;

/** How a message ended. */
export interface Ended extends Sending {
  state: 'sent' | 'refused' | 'dropped';
  reason: string | null;
}

/** Notes how messages ended, each once. */
export const endSendings = (ends: readonly Ended[], now: Date): Sql => sql`
  update notifications.sendings as s
  set state = way.state, reason = way.reason, lease_until = null, sent_at = case way.state when 'sent' then ${now}::timestamptz end
  from unnest(${waysOf(ends)}, ${ends.map(({ state }) => state)}::text[], ${ends.map(({ reason }) => reason)}::text[]) as way (id, channel, state, reason)
  where s.notification_id = way.id and s.channel = way.channel and ${sendingMachine.allows(['deliver', 'refuse', 'drop'], 's.state')}`;

/** Puts messages off, and answers those that did not wait for that time already. */
export const putOffSendings = (sendings: readonly (Sending & { until: Date })[], now: Date): Sql => sql`
  update notifications.sendings as s set not_before = way.until
  from unnest(${waysOf(sendings)}, ${sendings.map(({ until }) => until)}::timestamptz[]) as way (id, channel, until)
  where s.notification_id = way.id and s.channel = way.channel and ${sendingMachine.allows('deliver', 's.state')}
    and (s.not_before is null or s.not_before <= ${now})
  returning s.notification_id as "notificationId", s.channel`;
