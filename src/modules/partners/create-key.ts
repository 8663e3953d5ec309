import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { may } from '#kernel/context.ts';
import { keyColumns, refuseOtherBody } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import { forbidden, invalid, problem } from '#kernel/problems.ts';
import { type Key, type Replayed, replayed } from '#kernel/routes.ts';
import { Id, Time } from '#kernel/shapes.ts';
import type { Partners } from './context.ts';
import {
  ApiKey,
  endExpired,
  findByKey,
  insertKey,
  type KeyRow,
  keyView,
  LIVE_AT_ONCE,
  liveKeys,
  lockPartner,
  nameKey,
  PartnerName,
  Scope,
  SHOWN_FOR_MS,
  scopesAmong,
} from './key.ts';
import { hashOf, secretOf, writeKey } from './key-text.ts';

export const CreateKey = z
  .strictObject({
    name: PartnerName,
    scopes: z
      .array(Scope)
      .min(1)
      .max(20)
      .meta({ description: 'Those of partners (`orders:pack`, `orders:ship`, `orders:deliver`), and any that you hold yourself' }),
    expiresAt: Time.optional(),
  })
  .meta({ id: 'CreateApiKey', example: { name: 'Carthage Couriers', scopes: ['orders:ship', 'orders:deliver'] } });

export const CreatedKey = ApiKey.extend({
  key: z.string().nullable().meta({
    description: 'The key itself: send it as X-Api-Key. No other call shows it; a repeated call does within the hour, later it is null',
    example: 'souk_0199c0de7d5a7c319f3e5b2a4c6d8e01_…',
  }),
}).meta({ id: 'CreatedApiKey' });
type CreatedKey = z.infer<typeof CreatedKey>;

const LiveKey = z.object({ id: Id, lastFour: z.string(), createdAt: Time, lastUsedAt: Time.nullable() });
type LiveKey = z.infer<typeof LiveKey>;

export const twoKeysLive = problem({
  code: 'partners/two-keys-live',
  status: 409,
  title: 'This partner has two valid keys',
  members: { delete: Id, keys: z.array(LiveKey) },
  detail: (refusal) =>
    `A partner has one key in use and one to change over to. Delete the one that is no longer used (DELETE /v1/api-keys/{id}): ` +
    `${refusal.delete} is the one that was idle longer.`,
});

/**
 * Makes a key for a partner's system and shows it once. Its scopes are those of partners, or among the permissions of its maker. A
 * partner has at most two valid keys, so that it can replace one without a pause.
 */
export async function createKey(
  ctx: Partners,
  input: z.infer<typeof CreateKey>,
  key: Key | undefined,
): Promise<CreatedKey | Replayed<CreatedKey>> {
  const before = key && (await findByKey(ctx.db, key));
  if (key && before) return repeated(ctx, before, key);
  refuseUnknownScopes(ctx, input.scopes);
  const beyond = input.scopes.find((scope) => !isForPartners(ctx, scope) && !may(ctx.actor, scope));
  if (beyond) throw forbidden({ permission: beyond });
  const now = ctx.clock.now();
  if (input.expiresAt && new Date(input.expiresAt) <= now)
    throw invalid({ errors: [{ pointer: '/expiresAt', detail: 'must be in the future', in: 'body' }] });
  const { row, text } = newKey(ctx, input, key);
  const made = await ctx.db.transaction(async (tx) => {
    await lockPartner(tx, row.name_key);
    const twin = key && (await findByKey(tx, key));
    if (twin) return twin;
    await endExpired(tx, row.name_key, now);
    const live = await liveKeys(tx, row.name_key);
    if (live.length >= LIVE_AT_ONCE) throw twoKeysLive(tellLive(live));
    if (await insertKey(tx, { ...row, slot: live[0]?.slot === 1 ? 2 : 1 })) {
      if (ctx.request) ctx.request.subject = row.id;
      return row;
    }
    return key && findByKey(tx, key); // the same call for another partner
  });
  if (made === row) return { ...keyView(row), key: text };
  if (key && made) return repeated(ctx, made, key);
  throw new Error(`The key ${row.id} is not there, and nothing stands in its place.`);
}

const isForPartners = ({ permissions }: Partners, scope: string): boolean => permissions.forPartners.some((each) => each === scope);

function refuseUnknownScopes({ permissions }: Partners, scopes: readonly string[]): void {
  const known = scopesAmong(permissions.all);
  const errors = scopes.flatMap((scope, index) =>
    known.some((each) => each === scope)
      ? []
      : [{ pointer: `/scopes/${index}`, detail: `is not a scope of a key; the scopes are: ${known.join(', ')}`, in: 'body' as const }],
  );
  if (errors.length > 0) throw invalid({ errors });
}

function newKey(
  ctx: Partners,
  { name, scopes, expiresAt }: z.infer<typeof CreateKey>,
  key: Key | undefined,
): { row: KeyRow; text: string } {
  const id = newId();
  const salt = randomBytes(32).toString('base64url');
  const secret = secretOf(ctx.secrets, id, salt);
  const text = writeKey({ id, secret });
  const row: KeyRow = {
    id,
    name,
    name_key: nameKey(name),
    slot: null,
    scopes: [...new Set(scopes)].sort(),
    key_hash: hashOf(ctx.secrets, secret),
    salt,
    last_four: text.slice(-4),
    created_by: ctx.actor.id,
    created_at: ctx.clock.now(),
    expires_at: expiresAt ? new Date(expiresAt) : null,
    last_used_at: null,
    revoked_at: null,
    ...keyColumns(key),
  };
  return { row, text };
}

/** A lost reply can be fetched again for an hour. */
function repeated(ctx: Partners, row: KeyRow, key: Key): Replayed<CreatedKey> {
  refuseOtherBody(row, key);
  const isFresh = ctx.clock.now().getTime() - row.created_at.getTime() < SHOWN_FOR_MS;
  const text = row.salt && isFresh ? writeKey({ id: row.id, secret: secretOf(ctx.secrets, row.id, row.salt) }) : null;
  return replayed({ ...keyView(row), key: text });
}

/** Of two keys, the one that was used (or made) less lately is to go. */
function tellLive(live: readonly KeyRow[]): { delete: string; keys: LiveKey[] } {
  const lately = (row: KeyRow): number => (row.last_used_at ?? row.created_at).getTime();
  const byUse = [...live].sort((a, b) => lately(a) - lately(b));
  const keys = byUse.map(keyView).map(({ id, lastFour, createdAt, lastUsedAt }) => ({ id, lastFour, createdAt, lastUsedAt }));
  return { delete: byUse[0]?.id ?? '', keys };
}
