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

/** A message with what its reader has chosen. */
export const sendingOf = (notificationId: string, channel: SentChannel): Sql => sql`
  select n.id, n.account_id, n.kind, n.text, n.values, s.state, c.choices, c.quiet_from, c.quiet_until, stop.address_index as stopped_index
  from notifications.sendings as s
  join notifications.notifications as n on n.id = s.notification_id
  left join notifications.settings as c on c.account_id = n.account_id
  left join notifications.stops as stop on stop.account_id = n.account_id and stop.channel = s.channel
  where s.notification_id = ${notificationId} and s.channel = ${channel}`;

export const quietHoursOf = ({ quiet_from, quiet_until }: Pick<SendingRow, 'quiet_from' | 'quiet_until'>): QuietHours | null =>
  quiet_from === null || quiet_until === null ? null : { from: quiet_from, until: quiet_until };

const LEASE_MS = 60_000;

/**
 * Takes a message in hand for a minute, and counts it against the day of its reader when it is tried for the first time. No row while
 * somebody else has it in hand; `allowed` is false where the day has had enough.
 */
export const claimSending = (at: { id: string; channel: SentChannel; accountId: string; now: Date; perDay: number }): Sql => sql`
  with claimed as (
    update notifications.sendings set lease_until = ${new Date(at.now.getTime() + LEASE_MS)}, tries = tries + 1
    where notification_id = ${at.id} and channel = ${at.channel} and ${sendingMachine.allows('deliver')} and (lease_until is null or lease_until <= ${at.now})
    returning tries),
  counted as (
    insert into notifications.days as d (account_id, channel, day, sent)
    select ${at.accountId}, ${at.channel}, ${at.now.toISOString().slice(0, 10)}::date, 1 from claimed where tries = 1
    on conflict (account_id, channel, day) do update set sent = d.sent + 1 where d.sent < ${at.perDay} returning 1)
  select tries > 1 or exists (select from counted) as allowed from claimed`;

export const releaseSending = (id: string, channel: SentChannel): Sql =>
  sql`update notifications.sendings set lease_until = null where notification_id = ${id} and channel = ${channel} and ${sendingMachine.allows('deliver')}`;

/** How it ended, once. */
export const endSending = (
  id: string,
  channel: SentChannel,
  end: { state: 'sent' | 'refused' | 'dropped'; reason: string | null; now: Date },
): Sql => sql`
  update notifications.sendings set state = ${end.state}, reason = ${end.reason}, lease_until = null, sent_at = ${end.state === 'sent' ? end.now : null}
  where notification_id = ${id} and channel = ${channel} and ${sendingMachine.allows(['deliver', 'refuse', 'drop'])}`;

/** Puts it off. No row where it waits for that time already. */
export const putOffSending = (id: string, channel: SentChannel, until: Date, now: Date): Sql => sql`
  update notifications.sendings set not_before = ${until}
  where notification_id = ${id} and channel = ${channel} and ${sendingMachine.allows('deliver')} and (not_before is null or not_before <= ${now}) returning 1`;
