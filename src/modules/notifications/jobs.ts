import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';
import { Refusal, uploadRefused } from '#media';

/** Sends one notification by one channel. A batch sends three at once, so a process sends six. */
export const sendJob = job('notifications.send', z.object({ notificationId: Id, channel: z.enum(['email', 'sms', 'push']) }), {
  lane: 'mail',
  seconds: 60,
  parallel: 2,
  batch: 20,
});

/** Tells somebody about a product, whose name is asked for first. */
export const aboutProductJob = job(
  'notifications.about-product',
  z.object({
    key: z.string(),
    kind: z.enum(['review-decided', 'product-decided', 'cleaned-up']),
    accountId: Id,
    productId: Id,
    reviewId: Id.optional(),
    outcome: z.string(),
    refusal: Refusal.optional(),
  }),
);

/** Tells the owner of a file why it was refused. */
export const uploadRefusedJob = job('notifications.upload-refused', uploadRefused.payload);

/** Tells the seller of a variant that few units are left, if that is still so. */
export const stockLowJob = job('notifications.stock-low', z.object({ variantId: Id, version: z.int() }));
