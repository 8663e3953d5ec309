import { z } from 'zod';
import { Email } from '#kernel/shapes.ts';
import type { Notifications } from './context.ts';
import { stopChannel } from './send-notification.ts';

export const Bounce = z.strictObject({ email: Email }).meta({ id: 'Bounce', example: { email: 'jane@example.com' } });

/** An address has one account that has confirmed it; others may have given it, and are passed over. */
const LIKELY = 20;

/** Messages to this address came back: nothing goes there any more, and its owner is told in the application. An unknown address is no news. */
export async function reportBounce(ctx: Notifications, { email }: z.infer<typeof Bounce>): Promise<undefined> {
  const found = await ctx.identity.listCustomers({ email, after: null, limit: LIKELY });
  const ids = found.filter(({ emailConfirmed }) => emailConfirmed).map(({ id }) => id);
  if (ids.length === 0) return;
  for (const reader of await ctx.identity.contactsOf({ ids })) if (reader.email) await stopChannel(ctx, 'email', reader, reader.email);
}
