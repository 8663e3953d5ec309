import type { z } from 'zod';
import { type categoryCleanedUp, PLATFORM_SELLER, type productCleanedUp, type productDecided } from '#catalog';
import type { levelsChanged } from '#inventory';
import { type Sql, sql } from '#kernel/database.ts';
import { type Delivered, enqueue } from '#kernel/events.ts';
import type { orderPlaced } from '#orders';
import type { reviewModerated } from '#reviews';
import type { payoutSent } from '#wallet';
import type { Notifications } from './context.ts';
import { aboutProductJob, stockLowJob } from './jobs.ts';
import { textFor } from './kinds.ts';
import { type Caused, notifyAll } from './notify.ts';

type Events<E extends { payload: z.ZodType }> = Delivered<z.infer<E['payload']>>[];

/** The buyer, and each seller with the sum of their products. */
export const hearOrderPlaced = (ctx: Notifications, events: Events<typeof orderPlaced>): Promise<void> =>
  notifyAll(
    ctx,
    events.flatMap(({ payload: { orderId, buyer, total, currency, lines, channel }, cause }): Caused[] => {
      const sums = new Map<string, number>();
      for (const line of lines)
        if (line.sellerId !== PLATFORM_SELLER.id) sums.set(line.sellerId, (sums.get(line.sellerId) ?? 0) + line.total);
      const notice = (accountId: string, kind: 'order-placed' | 'sold', amount: number): Caused => ({
        ...{ key: `${kind}:${orderId}:${accountId}`, accountId, kind, text: textFor(kind, channel), cause },
        values: { order: orderId, total: { amount, currency } },
      });
      return [notice(buyer, 'order-placed', total), ...[...sums].map(([seller, sum]) => notice(seller, 'sold', sum))];
    }),
  );

/** The seller who has asked for a payout. */
export const hearPayout =
  (kind: 'payout-sent' | 'payout-failed' | 'payout-waiting') =>
  (ctx: Notifications, events: Events<typeof payoutSent>): Promise<void> =>
    notifyAll(
      ctx,
      events.map(({ payload: { payoutId, owner, amount, currency }, cause }) => ({
        ...{ key: `${kind}:${payoutId}`, accountId: owner, kind, text: kind, cause },
        values: { amount: { amount, currency } },
      })),
    );

/** The author of a review, when somebody else has decided about it. */
export const hearReviewModerated = (ctx: Notifications, events: Events<typeof reviewModerated>): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    for (const { id, payload, cause } of events) {
      const outcome = payload.to === 'published' ? 'published' : payload.to === 'removed' ? 'removed' : undefined;
      if (!outcome || payload.by === payload.customerId) continue;
      const { customerId: accountId, productId, reviewId } = payload;
      const key = `review-decided:${id}`;
      enqueue(tx, aboutProductJob, { key, kind: 'review-decided', accountId, productId, reviewId, outcome }, { cause });
    }
  });

/** The seller of a product. */
export const hearProductDecided = (ctx: Notifications, events: Events<typeof productDecided>): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    for (const { id, payload, cause } of events) {
      const { sellerId: accountId, productId, outcome } = payload;
      enqueue(tx, aboutProductJob, { key: `product-decided:${id}`, kind: 'product-decided', accountId, productId, outcome }, { cause });
    }
  });

/** The seller of a product that was removed because its image did not come, or was refused. */
export const hearProductCleanedUp = (ctx: Notifications, events: Events<typeof productCleanedUp>): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    for (const { id, payload, cause } of events) {
      const { sellerId: accountId, productId, reason } = payload;
      const why = reason === 'never-arrived' ? { outcome: 'product' } : { outcome: 'product-refused', refusal: reason };
      enqueue(tx, aboutProductJob, { key: `cleaned-up:${id}`, kind: 'cleaned-up', accountId, productId, ...why }, { cause });
    }
  });

/** Who added such a category. */
export const hearCategoryCleanedUp = (ctx: Notifications, events: Events<typeof categoryCleanedUp>): Promise<void> =>
  notifyAll(
    ctx,
    events.flatMap(({ id, payload: { createdBy, slug, reason }, cause }): Caused[] =>
      createdBy
        ? [
            {
              ...{ key: `cleaned-up:${id}`, accountId: createdBy, kind: 'cleaned-up', cause },
              ...(reason === 'never-arrived'
                ? { text: 'cleaned-up.category', values: { category: slug } }
                : { text: 'cleaned-up.category-refused', values: { category: slug, reason: { phrase: reason } } }),
            },
          ]
        : [],
    ),
  );

/** The seller of what is nearly sold out, once until there is more again. What is opened with few units is no news. */
export const hearLevelsChanged = (ctx: Notifications, events: Events<typeof levelsChanged>): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    const newest = new Map<string, { variantId: string; available: number; version: number }>();
    for (const level of events.flatMap(({ payload }) => payload.levels))
      if ((newest.get(level.variantId)?.version ?? 0) < level.version) newest.set(level.variantId, level);
    const levels = [...newest.values()];
    const low = levels.filter(({ available }) => available <= ctx.settings.lowStock);
    const fine = levels.filter(({ available }) => available > ctx.settings.lowStock);
    if (fine.length > 0) await tx.execute(recovered(fine));
    const fresh = low.length > 0 ? await tx.many<{ variantId: string; version: number }>(becameLow(low)) : [];
    for (const { variantId, version } of fresh) if (version > FIRST_VERSION) enqueue(tx, stockLowJob, { variantId, version });
  });

/** The version of a level that was just opened. */
const FIRST_VERSION = 1;

type Levels = readonly { variantId: string; version: number }[];
const columns = (levels: Levels): Sql =>
  sql`unnest(${levels.map(({ variantId }) => variantId)}::uuid[], ${levels.map(({ version }) => version)}::bigint[])`;

export const recovered = (levels: Levels): Sql => sql`
  delete from notifications.low_stock as low using ${columns(levels)} as fine (variant_id, version)
  where low.variant_id = fine.variant_id and low.version < fine.version`;

export const becameLow = (levels: Levels): Sql => sql`
  insert into notifications.low_stock (variant_id, version) select variant_id, version from ${columns(levels)} as l (variant_id, version)
  order by variant_id on conflict (variant_id) do nothing returning variant_id as "variantId", version::int as version`;
