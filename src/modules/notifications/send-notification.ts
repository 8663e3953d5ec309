import type { z } from 'zod';
import type { Contact } from '#identity';
import { sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import type { Language } from '#kernel/languages.ts';
import { messageOf, plainOf } from '#mail/message.ts';
import { isMessageKind, type MessageKind } from '#mail/texts.ts';
import type { Notifications } from './context.ts';
import { devicesOf, dropDevice, subscriptionOf } from './device.ts';
import { sendJob } from './jobs.ts';
import { isOn, type SentChannel, specOf } from './kinds.ts';
import { notifyAll } from './notify.ts';
import { quietUntil } from './quiet-hours.ts';
import { claimSending, endSending, putOffSending, quietHoursOf, releaseSending, type SendingRow, sendingOf } from './sending.ts';
import { unsubscribeUrl } from './unsubscribe.ts';

type Reader = z.infer<typeof Contact>;

/**
 * Sends a notification by one channel, once, however often it runs, and while it runs elsewhere. It waits for the end of quiet hours
 * unless it is urgent. An address that is refused for good stops the channel, and its owner is told so in the application.
 */
export async function sendNotification(
  ctx: Notifications,
  { notificationId: id, channel }: { notificationId: string; channel: SentChannel },
): Promise<void> {
  const row = await ctx.db.maybe<SendingRow>(sendingOf(id, channel));
  if (row?.state !== 'waiting') return;
  const now = ctx.clock.now();
  const [reader] = await ctx.identity.contactsOf({ ids: [row.account_id] });
  const reason = reasonToDrop(ctx, row, channel, reader);
  if (reason || !reader) return void (await ctx.db.execute(endSending(id, channel, { state: 'dropped', reason: reason ?? 'gone', now })));

  const until = specOf(row.kind).urgent ? null : quietUntil(now, quietHoursOf(row), reader.timeZone);
  if (until)
    return ctx.db.transaction(async (tx) => {
      const isNews = await tx.maybe(putOffSending(id, channel, until, now));
      if (isNews) enqueue(tx, sendJob, { notificationId: id, channel }, { notBefore: until });
    });

  const claim = { id, channel, accountId: row.account_id, now, perDay: ctx.settings.perDay };
  const claimed = await ctx.db.maybe<{ allowed: boolean }>(claimSending(claim));
  if (!claimed) return refuseWhileSent(ctx, id, channel);
  if (!claimed.allowed) return void (await ctx.db.execute(endSending(id, channel, { state: 'dropped', reason: 'enough for a day', now })));
  const state = await send(ctx, row, channel, reader).catch(async (error) => {
    await ctx.db.execute(releaseSending(id, channel));
    throw error;
  });
  await ctx.db.transaction(async (tx) => {
    await tx.execute(endSending(id, channel, { state, reason: null, now: ctx.clock.now() }));
  });
  if (state === 'refused' && channel !== 'push') await stopChannel(ctx, channel, reader);
}

/** @throws Error while another run has it in hand: should that one die, this one is tried again. */
async function refuseWhileSent(ctx: Notifications, id: string, channel: SentChannel): Promise<void> {
  const row = await ctx.db.maybe<SendingRow>(sendingOf(id, channel));
  if (row?.state === 'waiting') throw new Error('The notification is being sent by another run.');
}

/** Why nothing is sent, in words for the operator; undefined where it is. */
function reasonToDrop(ctx: Notifications, row: SendingRow, channel: SentChannel, reader: Reader | undefined): string | undefined {
  if (!reader?.active) return 'the account is not active';
  if (!isMessageKind(row.text)) return 'this version does not know the kind';
  if (!isOn(row.kind, channel, row.choices ?? {})) return 'turned off';
  if (channel === 'push') return undefined;
  const address = addressOf(reader, channel);
  if (!address) return 'no address';
  return row.stopped_index === addressIndex(ctx, channel, address) ? 'the address is refused' : undefined;
}

const addressOf = (reader: Reader, channel: 'email' | 'sms'): string | null => (channel === 'email' ? reader.email : reader.phone);

export const addressIndex = (ctx: Pick<Notifications, 'secrets'>, channel: 'email' | 'sms', address: string): string =>
  ctx.secrets.blindIndex(address.toLowerCase(), `notifications.${channel}`);

/** The reader's own, else that of the call that they made, else the shop's. */
export function languageFor({ cause, settings }: Notifications, reader: Pick<Reader, 'id' | 'language'> | undefined): Language {
  return reader?.language ?? (cause && cause.actorId === reader?.id ? cause.language : null) ?? settings.shopLanguage;
}

async function send(ctx: Notifications, row: SendingRow, channel: SentChannel, reader: Reader): Promise<'sent' | 'refused' | 'dropped'> {
  const language = languageFor(ctx, reader);
  const key = `notifications:${row.id}`;
  const kind = row.text as MessageKind;
  if (channel === 'push') return pushToAll(ctx, row, { language, key, kind });
  const to = addressOf(reader, channel)!;
  if (channel === 'sms') {
    const { subject, paragraphs } = plainOf(kind, row.values, language);
    return ctx.sms.send({ key, to, text: `${ctx.settings.shopName}: ${paragraphs[0] ?? subject}`.slice(0, LONGEST_SMS) });
  }
  const url = specOf(row.kind).canBeTurnedOff ? unsubscribeUrl(ctx, { accountId: reader.id, kind: row.kind }) : null;
  const headers: Record<string, string> = url
    ? { 'List-Unsubscribe': `<${url}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }
    : {};
  return ctx.email.send({
    key,
    to,
    headers,
    ...messageOf(kind, row.values, { language, shop: ctx.settings.shopName, unsubscribeUrl: url }),
  });
}

/** Two SMS of Arabic, or four of English. */
const LONGEST_SMS = 300;
const LONGEST_PUSH = 500;

/**
 * To every device at once; one that is gone is forgotten. Once a device has it, it is not sent again for the sake of one whose push
 * service does not answer. @returns dropped where there is none. @throws Error when none has it, and one may still get it.
 */
async function pushToAll(
  ctx: Notifications,
  row: SendingRow,
  { language, key, kind }: { language: Language; key: string; kind: MessageKind },
): Promise<'sent' | 'dropped'> {
  const devices = await devicesOf(ctx.db, row.account_id);
  const { subject, paragraphs } = plainOf(kind, row.values, language);
  const payload = { id: row.id, kind: row.kind, title: subject, body: paragraphs.join(' ').slice(0, LONGEST_PUSH) };
  const ends = await Promise.allSettled(
    devices.map(async (device) => {
      const subscription = subscriptionOf(ctx.secrets, device);
      const end = await ctx.push.send({
        key: `${key}:${device.id}`,
        subscription,
        payload,
        urgent: specOf(row.kind).urgent === true,
        signal: ctx.signal,
      });
      if (end === 'gone') await dropDevice(ctx.db, device.id, row.account_id);
      return end;
    }),
  );
  if (ends.some((end) => end.status === 'fulfilled' && end.value === 'sent')) return 'sent';
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
  return 'dropped';
}

/** Nothing goes to this address any more; the person is told so, once for each address. */
export async function stopChannel(ctx: Notifications, channel: 'email' | 'sms', reader: Reader): Promise<void> {
  const index = addressIndex(ctx, channel, addressOf(reader, channel)!);
  await ctx.db.execute(sql`
    insert into notifications.stops (account_id, channel, address_index, at) values (${reader.id}, ${channel}, ${index}, ${ctx.clock.now()})
    on conflict (account_id, channel) do update set address_index = excluded.address_index, at = excluded.at`);
  await notifyAll(ctx, [
    {
      key: `stopped:${reader.id}:${channel}:${index}`,
      accountId: reader.id,
      kind: 'channel-stopped',
      text: `channel-stopped.${channel}`,
      values: {},
    },
  ]);
}
