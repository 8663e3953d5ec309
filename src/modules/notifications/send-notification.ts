import type { z } from 'zod';
import type { Contact } from '#identity';
import type { Cause } from '#kernel/cause.ts';
import { sql } from '#kernel/database.ts';
import { type Asked, enqueue } from '#kernel/events.ts';
import type { Language } from '#kernel/languages.ts';
import { messageOf, plainOf } from '#mail/message.ts';
import { isMessageKind, type MessageKind } from '#mail/texts.ts';
import type { Notifications } from './context.ts';
import { type DeviceRow, devicesOfAll, dropDevice, FAILURES_IN_A_ROW, noteFailures, subscriptionOf } from './device.ts';
import { sendJob } from './jobs.ts';
import { isOn, type Kind, specOf } from './kinds.ts';
import { notifyAll } from './notify.ts';
import { quietUntil } from './quiet-hours.ts';
import {
  claimSendings,
  type Ended,
  endSendings,
  putOffSendings,
  quietHoursOf,
  releaseSendings,
  type Sending,
  type SendingRow,
  sendingsOf,
} from './sending.ts';
import { unsubscribeUrl } from './unsubscribe.ts';

type Reader = z.infer<typeof Contact>;

/** A message that may be sent now. */
interface Ready {
  sending: Sending;
  row: SendingRow;
  reader: Reader;
  devices: readonly DeviceRow[];
  cause: Cause | null;
}

/** How many messages of one batch are sent at once. */
const AT_ONCE = 3;

/**
 * Sends notifications by the channels that are asked for, each once, however often this runs, and while it runs elsewhere. They wait for the
 * end of quiet hours unless they are urgent. An address that is refused for good stops the channel, and its owner is told so in the
 * application. All of them take six statements.
 * @throws Error when one could not be sent, after all others were.
 */
export async function sendNotifications(ctx: Notifications, jobs: readonly Asked<Sending>[]): Promise<void> {
  const causes = new Map(jobs.map(({ input, cause }) => [nameOf(input), cause]));
  const rows = (await ctx.db.many<SendingRow>(sendingsOf(jobs.map(({ input }) => input)))).filter(({ state }) => state === 'waiting');
  if (rows.length === 0) return;
  const now = ctx.clock.now();
  const readers = new Map((await ctx.identity.contactsOf({ ids: accountsOf(rows) })).map((reader) => [reader.id, reader]));
  const pushed = accountsOf(rows.filter(({ channel }) => channel === 'push'));
  const devices = pushed.length > 0 ? await ctx.db.many<DeviceRow>(devicesOfAll(pushed)) : [];

  const ends: Ended[] = [];
  const later: (Sending & { until: Date })[] = [];
  const ready: Ready[] = [];
  for (const row of new Map(rows.map((row) => [nameOf(sendingIn(row)), row])).values()) {
    const sending = sendingIn(row);
    const reader = readers.get(row.account_id);
    const reason = reasonToDrop(ctx, row, reader);
    const until = specOf(row.kind).urgent ? null : quietUntil(now, quietHoursOf(row), reader?.timeZone ?? null);
    const own = devices.filter((device) => device.account_id === row.account_id);
    if (reason || !reader) ends.push({ ...sending, state: 'dropped', reason: reason ?? 'gone' });
    else if (until) later.push({ ...sending, until });
    else if (row.channel === 'push' && own.length === 0) ends.push({ ...sending, state: 'dropped', reason: null });
    else ready.push({ sending, row, reader, devices: own, cause: causes.get(nameOf(sending)) ?? null });
  }
  if (later.length > 0)
    await ctx.db.transaction(async (tx) => {
      for (const sending of await tx.many<Sending>(putOffSendings(later, now))) {
        const { until } = later.find((one) => nameOf(one) === nameOf(sending))!;
        enqueue(tx, sendJob, sending, { notBefore: until, cause: causes.get(nameOf(sending)) ?? null });
      }
    });
  await sendAll(ctx, ready, ends);
}

/** Takes messages in hand and sends them; how each ended, and those in `ends`, is written as it becomes known. */
async function sendAll(ctx: Notifications, ready: readonly Ready[], ends: readonly Ended[]): Promise<void> {
  const taken = ready.map(({ sending, row }) => ({ ...sending, accountId: row.account_id }));
  const claims = taken.length > 0 ? await ctx.db.many<Claim>(claimSendings(taken, ctx.clock.now(), ctx.settings.perDay)) : [];
  const claimed = new Map(claims.map((claim) => [nameOf(claim), claim]));
  const written = new Set<Promise<unknown>>();
  let ended: Ended[] = [];
  const end = (one: Ended): void => {
    if (ended.push(one) > 1) return;
    const together = new Promise(setImmediate).then(() => {
      const all = ended;
      ended = [];
      return ctx.db.execute(endSendings(all, ctx.clock.now()));
    });
    together.catch(() => {}); // awaited below
    written.add(together);
  };
  const failures: unknown[] = [];
  const failed: Sending[] = [];

  ends.forEach(end);
  const waiting = ready.filter(({ sending }) => claimed.has(nameOf(sending)));
  const work = async (): Promise<void> => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const { sending, row, reader } = one;
      const { allowed, tries } = claimed.get(nameOf(sending))!;
      if (!allowed) end({ ...sending, state: 'dropped', reason: 'enough for a day' });
      else
        try {
          const outcome = await send(ctx, one, tries);
          const state = outcome === 'unreachable' ? 'dropped' : outcome;
          end({ ...sending, state, reason: outcome === 'unreachable' ? 'no push service takes it' : null });
          if (state === 'refused' && row.channel !== 'push')
            await stopChannel(ctx, row.channel, reader, addressOf(reader, row.channel, row.kind)!);
        } catch (error) {
          failures.push(error);
          failed.push(sending);
        }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await Promise.all(written);
  if (failed.length > 0) await ctx.db.execute(releaseSendings(failed));
  if (failures.length > 0) throw failures[0];
  await refuseWhileSent(
    ctx,
    taken.filter((one) => !claimed.has(nameOf(one))),
  );
}

interface Claim extends Sending {
  allowed: boolean;
  /** With this one. */
  tries: number;
}

const nameOf = ({ notificationId, channel }: Sending): string => `${notificationId}:${channel}`;
const sendingIn = ({ id, channel }: SendingRow): Sending => ({ notificationId: id, channel });
const accountsOf = (rows: readonly SendingRow[]): string[] => [...new Set(rows.map((row) => row.account_id))];

/** @throws Error while another run has one in hand: should that one die, this one is tried again. */
async function refuseWhileSent(ctx: Notifications, sendings: readonly Sending[]): Promise<void> {
  if (sendings.length === 0) return;
  const rows = await ctx.db.many<SendingRow>(sendingsOf(sendings));
  if (rows.some(({ state }) => state === 'waiting')) throw new Error('The notification is being sent by another run.');
}

/** Why nothing is sent, in words for the operator; undefined where it is. */
function reasonToDrop(ctx: Notifications, row: SendingRow, reader: Reader | undefined): string | undefined {
  const { channel } = row;
  if (!reader?.active) return 'the account is not active';
  if (!isMessageKind(row.text)) return 'this version does not know the kind';
  if (!isOn(row.kind, channel, row.choices ?? {}, row.text)) return 'turned off';
  if (channel === 'push') return undefined;
  const address = addressOf(reader, channel, row.kind);
  if (!address) return 'no address';
  return row.stopped_index === addressIndex(ctx, channel, address) ? 'the address is refused' : undefined;
}

const addressOf = (reader: Reader, channel: 'email' | 'sms', kind: Kind): string | null =>
  channel === 'sms' ? reader.phone : (reader.email ?? (specOf(kind).ofOwnOrder ? (reader.orderEmail ?? null) : null));

export const addressIndex = (ctx: Pick<Notifications, 'secrets'>, channel: 'email' | 'sms', address: string): string =>
  ctx.secrets.blindIndex(address.toLowerCase(), `notifications.${channel}`);

/** The reader's own, else that of the call that they made, else the shop's. */
export function languageFor(
  { cause, settings }: Pick<Notifications, 'cause' | 'settings'>,
  reader: Pick<Reader, 'id' | 'language'> | undefined,
): Language {
  return reader?.language ?? (cause && cause.actorId === reader?.id ? cause.language : null) ?? settings.shopLanguage;
}

async function send(ctx: Notifications, { row, reader, devices, cause }: Ready, tries: number): Promise<'sent' | 'refused' | Pushed> {
  const { channel } = row;
  const language = languageFor({ cause, settings: ctx.settings }, reader);
  const key = `notifications:${row.id}`;
  const kind = row.text as MessageKind;
  if (channel === 'push') return pushToAll(ctx, row, { language, key, kind, devices, tries });
  const to = addressOf(reader, channel, row.kind)!;
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

type Pushed = 'sent' | 'dropped' | 'unreachable';

/** So often a message is tried. Its job would be tried more often, and be a dead letter then. */
const MOST_PUSHES = 5;

/**
 * To every device at once; one that is gone is forgotten, and one whose push service fails for days. Once a device has it, it is not sent
 * again for the sake of another one. @returns dropped where all are gone, unreachable where it was tried often enough. @throws Error when
 * none has it, and one may still get it.
 */
async function pushToAll(
  ctx: Notifications,
  row: SendingRow,
  {
    language,
    key,
    kind,
    devices,
    tries,
  }: { language: Language; key: string; kind: MessageKind; devices: readonly DeviceRow[]; tries: number },
): Promise<Pushed> {
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
  ctx.signal?.throwIfAborted(); // that is no failure of a push service
  const failing = devices.filter((_, place) => ends[place]!.status === 'rejected');
  const recovered = devices.filter(({ failures }, place) => failures > 0 && ends[place]!.status === 'fulfilled');
  if (failing.length + recovered.length > 0)
    await ctx.db.execute(
      noteFailures(
        failing.map(({ id }) => id),
        recovered.map(({ id }) => id),
        ctx.clock.now(),
      ),
    );
  if (ends.some((end) => end.status === 'fulfilled' && end.value === 'sent')) return 'sent';
  const failed = ends.find((end) => end.status === 'rejected');
  if (!failed) return 'dropped';
  if (tries >= MOST_PUSHES || failing.every(({ failures }) => failures + 1 >= FAILURES_IN_A_ROW)) return 'unreachable';
  throw failed.reason;
}

/** Nothing goes to this address any more; the person is told so, once for each address. */
export async function stopChannel(ctx: Notifications, channel: 'email' | 'sms', reader: Reader, address: string): Promise<void> {
  const index = addressIndex(ctx, channel, address);
  const key = `stopped:${reader.id}:${channel}:${index}`;
  await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`
      insert into notifications.stops (account_id, channel, address_index, at) values (${reader.id}, ${channel}, ${index}, ${ctx.clock.now()})
      on conflict (account_id, channel) do update set address_index = excluded.address_index, at = excluded.at`);
    await notifyAll({ ...ctx, db: tx }, [
      { key, accountId: reader.id, kind: 'channel-stopped', text: `channel-stopped.${channel}`, values: {} },
    ]);
  });
}
