import { z } from 'zod';
import { notFound, unauthenticated } from '#kernel/problems.ts';
import { sameText } from '#kernel/secrets.ts';
import type { Media } from './context.ts';
import { arriveAll } from './receive-upload.ts';

const Key = z.looseObject({ object: z.looseObject({ key: z.string().max(1024) }) });

/** What stores say of an object: S3 itself and stores that speak as it does (`Records`), or EventBridge (`detail`). */
export const StoreNotification = z
  .looseObject({
    Records: z
      .array(z.looseObject({ s3: Key }))
      .max(1000)
      .optional()
      .meta({ description: 'The notification as S3 and MinIO send it' }),
    detail: Key.optional().meta({ description: 'The notification as Amazon EventBridge sends it' }),
  })
  .meta({ id: 'StoreNotification', example: { Records: [{ s3: { object: { key: 'uploads/0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01' } } }] } });

/**
 * The store tells what has arrived. What is not awaited is passed over, so a notification that comes twice changes nothing.
 * @throws unauthenticated without the secret; notFound where no store is to tell anything
 */
export async function hearStore(
  ctx: Media,
  { Records = [], detail }: z.infer<typeof StoreNotification>,
  authorization: string | undefined,
): Promise<undefined> {
  const { notificationSecret } = ctx.settings;
  if (notificationSecret === undefined) throw notFound();
  if (!sameText(authorization ?? '', `Bearer ${notificationSecret}`))
    throw unauthenticated({ reason: 'This call needs the secret of the store.' });
  const keys = [...Records.map(({ s3 }) => s3.object.key), ...(detail ? [detail.object.key] : [])];
  await arriveAll(ctx, keys.map(unescaped));
  return undefined;
}

/** S3 writes keys as forms do. */
const unescaped = (key: string): string => {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return '';
  }
};
