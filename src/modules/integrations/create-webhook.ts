import { z } from 'zod';
import { minutes } from '#kernel/clock.ts';
import { keyColumns, once, sameCall } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import { problem } from '#kernel/problems.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import type { Integrations } from './context.ts';
import { refuseWrongEvents, refuseWrongUrl } from './judge-webhook.ts';
import { secretPlace } from './sealed.ts';
import { newWebhookSecret } from './signature.ts';
import {
  countWebhooks,
  EventTypes,
  findByKey,
  findWebhook,
  IN_ALL,
  insertWebhook,
  lockWebhooks,
  OF_AN_OWNER,
  Partner,
  partnerKey,
  Webhook,
  type WebhookRow,
  WebhookUrl,
  webhookView,
} from './webhook.ts';

/** How long a call that made a webhook, or its secret, may be repeated to see that. */
export const SHOWN_FOR_MS = minutes(60);

export const CreateWebhook = z
  .strictObject({ url: WebhookUrl, events: EventTypes, partner: Partner.optional() })
  .meta({ id: 'CreateWebhook', example: { url: 'https://example.com/souk', events: ['orders.order-placed'] } });

export const CreatedWebhook = Webhook.extend({
  secret: z.string().nullable().meta({
    description:
      'What signs the messages. No other call shows it; a repeated call does within the hour. Later, or once the webhook has another secret, it is null',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  }),
}).meta({ id: 'CreatedWebhook' });
type CreatedWebhook = z.infer<typeof CreatedWebhook>;

export const tooManyWebhooks = problem({
  code: 'integrations/too-many-webhooks',
  status: 409,
  title: 'There are too many webhooks',
  members: { most: z.int() },
  detail: ({ most }) => `At most ${most} webhooks are allowed. Delete one that is not used any more.`,
});

/** Makes a webhook and shows its secret once. It is sent what happens from now on; with a partner, the shipments that go to it. */
export function createWebhook(
  ctx: Integrations,
  input: z.infer<typeof CreateWebhook>,
  key: Key | undefined,
): Promise<CreatedWebhook | Replayed<CreatedWebhook>> {
  const secret = newWebhookSecret();
  return once<WebhookRow, CreatedWebhook>(key, {
    async make() {
      await refuseWrongUrl(ctx, input.url);
      refuseWrongEvents(ctx, input);
      const id = newId();
      const partner = input.partner ?? null;
      return ctx.db.transaction(async (tx) => {
        await lockWebhooks(tx);
        const isMade = await insertWebhook(tx, {
          ...{
            id,
            url: input.url,
            events: [...new Set(input.events)].sort(),
            partner,
            partner_key: partner && partnerKey(partner),
            role: null,
          },
          ...{ secret_sealed: ctx.secrets.seal(secret, secretPlace(id)), created_by: ctx.actor.id, created_at: ctx.clock.now() },
          ...keyColumns(key),
        });
        if (!isMade) return undefined;
        const { all, own } = await countWebhooks(tx, ctx.actor.id);
        if (own > OF_AN_OWNER || all > IN_ALL) throw tooManyWebhooks({ most: own > OF_AN_OWNER ? OF_AN_OWNER : IN_ALL });
        if (ctx.request) ctx.request.subject = id;
        return findWebhook(tx, id);
      });
    },
    find: (given) => sameCall(given, findByKey(ctx.db, given)),
    answer(row, isFirst) {
      const isItsOwn = row.state !== 'deleted' && row.rotated_by === null; // a later secret is shown to the call that made it
      const isFresh = isFirst || (isItsOwn && ctx.clock.now().getTime() - row.created_at.getTime() < SHOWN_FOR_MS);
      const shown = row.state === 'deleted' ? asMade(row) : row; // the call made it, whatever became of it
      return { ...webhookView(shown), secret: isFresh ? ctx.secrets.unseal(row.secret_sealed, secretPlace(row.id)) : null };
    },
  });
}

const asMade = (row: WebhookRow): WebhookRow => ({
  ...row,
  ...{ state: 'active', paused_because: null, failing_since: null, old_secret_until: null },
});
