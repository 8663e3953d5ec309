import { z } from 'zod';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import { LanguageName, TimeZone } from '#kernel/languages.ts';
import { problem } from '#kernel/problems.ts';
import type { Notifications } from './context.ts';
import { type Choices, channels, isOn, kindNames, specOf } from './kinds.ts';
import { addressIndex } from './send-notification.ts';

export const alwaysOn = problem({
  code: 'notifications/always-on',
  status: 409,
  title: 'This kind cannot be changed',
  members: { kinds: z.array(z.string()) },
  detail: ({ kinds }) => `These kinds cannot be turned on or off: ${kinds.join(', ')}.`,
});

const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 22:00');
const QuietHours = z.object({ from: TimeOfDay, until: TimeOfDay }).meta({ example: { from: '22:00', until: '07:00' } });
const ByChannel = z.object({ 'in-app': z.boolean(), email: z.boolean(), sms: z.boolean(), push: z.boolean() });

export const NotificationSettings = z
  .object({
    kinds: z.array(
      z.object({
        kind: z.enum(kindNames),
        channels: ByChannel,
        urgent: z.boolean().meta({ description: 'It passes quiet hours' }),
        canBeTurnedOff: z.boolean(),
      }),
    ),
    language: LanguageName.nullable(),
    timeZone: TimeZone.nullable(),
    quietHours: QuietHours.nullable().meta({
      description: 'In your time zone, or UTC: what is not urgent waits until they end. They cannot last the whole day',
    }),
    stopped: z
      .array(z.enum(['email', 'sms']))
      .meta({ description: 'Channels whose address is refused for good; another address starts them again', example: [] }),
  })
  .meta({ id: 'NotificationSettings' });

const asShown = (shown: z.ZodType) => shown.optional().meta({ description: 'As GET shows it. It cannot be changed, and is passed over' });

/** What a GET shows can be sent back; an absent field does not change. */
export const NotificationChanges = z
  .strictObject({
    kinds: z
      .array(
        z.strictObject({
          kind: z.enum(kindNames),
          channels: ByChannel.partial().strict(),
          urgent: asShown(z.boolean()),
          canBeTurnedOff: asShown(z.boolean()),
        }),
      )
      .max(kindNames.length)
      .optional(),
    language: LanguageName.nullable().optional(),
    timeZone: TimeZone.nullable().optional(),
    quietHours: QuietHours.strict()
      .refine(({ from, until }) => from !== until, {
        error: 'must differ from `from`: to be sent nothing at all, turn channels off',
        path: ['until'],
      })
      .nullable()
      .optional(),
    stopped: asShown(z.array(z.enum(['email', 'sms']))),
  })
  .meta({
    id: 'NotificationChanges',
    example: { kinds: [{ kind: 'sold', channels: { email: false, sms: true } }], quietHours: { from: '22:00', until: '07:00' } },
  });
type NotificationChanges = z.infer<typeof NotificationChanges>;

interface SettingsRow {
  choices: Choices;
  quiet_from: string | null;
  quiet_until: string | null;
}

export const settingsOf = (accountId: string): Sql =>
  sql`select choices, quiet_from, quiet_until from notifications.settings where account_id = ${accountId}`;

export const stopsOf = (accountId: string): Sql =>
  sql`select channel, address_index from notifications.stops where account_id = ${accountId}`;

/** What is stored here of the settings of an account: no other module is asked. */
export const StoredSettings = NotificationSettings.omit({ language: true, timeZone: true, stopped: true });

/** What an account has chosen, with what applies where it has not. */
export async function storedSettings(db: Database, accountId: string): Promise<z.infer<typeof StoredSettings>> {
  const row = await db.maybe<SettingsRow>(settingsOf(accountId));
  return {
    kinds: kindNames.map((kind) => ({
      kind,
      channels: Object.fromEntries(channels.map((channel) => [channel, isOn(kind, channel, row?.choices ?? {})])) as z.infer<
        typeof ByChannel
      >,
      urgent: specOf(kind).urgent === true,
      canBeTurnedOff: specOf(kind).canBeTurnedOff,
    })),
    quietHours: row?.quiet_from && row.quiet_until ? { from: row.quiet_from, until: row.quiet_until } : null,
  };
}

/** The settings of the caller. */
export async function showSettings(ctx: Notifications): Promise<z.infer<typeof NotificationSettings>> {
  const stored = await storedSettings(ctx.db, ctx.actor.id);
  const stops = await ctx.db.many<{ channel: 'email' | 'sms'; address_index: string }>(stopsOf(ctx.actor.id));
  const [reader] = await ctx.identity.contactsOf({ ids: [ctx.actor.id] });
  const address = { email: reader?.email, sms: reader?.phone };
  return {
    ...stored,
    language: reader?.language ?? null,
    timeZone: reader?.timeZone ?? null,
    stopped: stops.flatMap(({ channel, address_index }) => {
      const current = address[channel];
      return current && addressIndex(ctx, channel, current) === address_index ? [channel] : [];
    }),
  };
}

/** Changes what is named, and nothing else. @throws alwaysOn when a kind that cannot be changed would be. */
export async function changeSettings(
  ctx: Notifications,
  { kinds = [], quietHours, language, timeZone }: NotificationChanges,
): Promise<z.infer<typeof NotificationSettings>> {
  const fixed = kinds.filter(
    ({ kind, channels: wanted }) =>
      !specOf(kind).canBeTurnedOff && Object.entries(wanted).some(([channel, on]) => on !== isOn(kind, channel as never, {})),
  );
  if (fixed.length > 0) throw alwaysOn({ kinds: fixed.map(({ kind }) => kind) });
  const choices = Object.fromEntries(
    kinds
      .filter(({ kind }) => specOf(kind).canBeTurnedOff)
      .flatMap(({ kind, channels: wanted }) => Object.entries(wanted).map(([channel, on]) => [`${kind}:${channel}`, on])),
  );
  await ctx.db.execute(settingsUpsert(ctx.actor.id, choices, quietHours));
  if (language !== undefined || timeZone !== undefined)
    await ctx.identity.changeCustomer({ accountId: ctx.actor.id, changes: { language, timeZone } });
  return showSettings(ctx);
}

export const settingsUpsert = (accountId: string, choices: Choices, quiet: NotificationChanges['quietHours']): Sql => sql`
  insert into notifications.settings as s (account_id, choices, quiet_from, quiet_until)
  values (${accountId}, ${JSON.stringify(choices)}::jsonb, ${quiet?.from ?? null}, ${quiet?.until ?? null})
  on conflict (account_id) do update
    set choices = s.choices || excluded.choices,
        quiet_from = case when ${quiet !== undefined} then excluded.quiet_from else s.quiet_from end,
        quiet_until = case when ${quiet !== undefined} then excluded.quiet_until else s.quiet_until end`;

export const forgetSettings = (db: Database, accountId: string): Promise<number> =>
  db.execute(sql`delete from notifications.settings where account_id = ${accountId}`);
