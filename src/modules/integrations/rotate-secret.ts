import { z } from 'zod';
import { hours } from '#kernel/clock.ts';
import { sql } from '#kernel/database.ts';
import { problem } from '#kernel/problems.ts';
import type { Key } from '#kernel/routes.ts';
import { Time } from '#kernel/shapes.ts';
import { ownWebhook } from './change-webhook.ts';
import type { Integrations } from './context.ts';
import { SHOWN_FOR_MS } from './create-webhook.ts';
import { oldSecretPlace, secretPlace } from './sealed.ts';
import { newWebhookSecret } from './signature.ts';

export const RotateSecret = z
  .strictObject({
    oldValidHours: z.int().min(0).max(720).optional().meta({
      description:
        'How long the old secret signs too, 0 to 720; 0 ends it, and one before it, at once. WEBHOOK_SECRET_HOURS (24) when absent',
      example: 24,
    }),
  })
  .meta({ id: 'RotateSecret' });

export const RotatedSecret = z
  .object({
    secret: z.string().meta({ description: 'The new secret. No other call shows it', example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }),
    oldSecretUntil: Time.nullable(),
  })
  .meta({ id: 'RotatedSecret' });

export const twoSecretsLive = problem({
  code: 'integrations/two-secrets-live',
  status: 409,
  title: 'This webhook has two secrets',
  members: { oldSecretUntil: Time },
  detail: ({ oldSecretUntil }) =>
    `The secret before the current one signs until ${oldSecretUntil}. Wait until then, or end both now with oldValidHours 0.`,
});

export const secretShown = problem({
  code: 'integrations/secret-shown',
  status: 409,
  title: 'The secret is not shown again',
  detail:
    'This call gave the webhook a secret more than an hour ago, or the webhook has another one by now. Rotate with a new Idempotency-Key.',
});

/** Gives a webhook a new secret. Until the old one ends both sign, so that its receiver can change over without a pause. */
export async function rotateSecret(
  ctx: Integrations,
  id: string,
  input: z.infer<typeof RotateSecret>,
  key?: Key,
): Promise<z.infer<typeof RotatedSecret>> {
  const row = await ownWebhook(ctx, id);
  const now = ctx.clock.now();
  const oldMs = input.oldValidHours === undefined ? ctx.settings.oldSecretMs : hours(input.oldValidHours);
  if (oldMs > 0 && row.old_secret_until && row.old_secret_until > now)
    throw twoSecretsLive({ oldSecretUntil: row.old_secret_until.toISOString() });
  const secret = newWebhookSecret();
  const until = oldMs > 0 ? new Date(now.getTime() + oldMs) : null;
  const old = until && ctx.secrets.seal(ctx.secrets.unseal(row.secret_sealed, secretPlace(id)), oldSecretPlace(id));
  if (ctx.request) ctx.request.subject = id;
  const rotation = ctx.db.transaction(async (tx) => {
    const changed = await tx.execute(sql`
      update integrations.webhooks set secret_sealed = ${ctx.secrets.seal(secret, secretPlace(id))}, old_secret_sealed = ${old},
        old_secret_until = ${until}, rotated_by = ${callOf(key)}
      where id = ${id} and secret_sealed = ${row.secret_sealed}`);
    if (changed === 0) throw RACED;
  });
  try {
    await rotation;
  } catch (error) {
    if (error === RACED) return rotateSecret(ctx, id, input, key);
    throw error;
  }
  return { secret, oldSecretUntil: until?.toISOString() ?? null };
}

/** Thrown, so that nothing is written: another call rotated at the same moment. */
const RACED = new Error('Another call has given the webhook a new secret.');

/** What `rotated_by` says of a call; a call without a key says only that there was one. */
const callOf = (key: Key | undefined): string => (key ? `${key.principal} ${key.value}` : '');

/** The reply to a call that was made before: its secret, for an hour, while it is the current one. @throws secretShown after that */
export async function showSecret(
  ctx: Integrations,
  id: string,
  first: { key: Key | undefined; at: Date },
): Promise<z.infer<typeof RotatedSecret>> {
  const row = await ownWebhook(ctx, id);
  const isFresh = ctx.clock.now().getTime() - first.at.getTime() < SHOWN_FOR_MS;
  if (!isFresh || row.rotated_by !== callOf(first.key)) throw secretShown();
  return { secret: ctx.secrets.unseal(row.secret_sealed, secretPlace(id)), oldSecretUntil: row.old_secret_until?.toISOString() ?? null };
}
