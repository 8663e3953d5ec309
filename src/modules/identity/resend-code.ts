import { z } from 'zod';
import type { Database } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { findByUsername, findWaitingForCode, type LivingAccount } from './account.ts';
import type { Whose } from './code.ts';
import type { Identity } from './context.ts';
import { resendCodes, sendCode, type Whom } from './jobs.ts';
import { NAMES_ONE, type Named, namedFields, namesOne, whose } from './named.ts';
import { giveCode } from './open-account.ts';
import { placeOf } from './place.ts';

export const ResendCode = z
  .strictObject(namedFields)
  .refine(namesOne, NAMES_ONE)
  .meta({ id: 'ResendCode', example: { username: 'Jane_Doe' } });

export const ResentCode = z.object({ message: z.string() });
export const RESENT = { message: 'If an account waits for this confirmation, a code has been sent to its email address.' };

/** Asks for another code. Whether anybody waits for one is found out by a job, so that the answer is the same in words and time. */
export async function resendCode(ctx: Identity, input: Named): Promise<z.infer<typeof ResentCode>> {
  await ctx.db.transaction(async (tx) => enqueue(tx, resendCodes, { ...whose(ctx.secrets, input), place: placeOf(ctx) }));
  return RESENT;
}

/** Gives a new code to each account that waits to confirm the address, or to the one of that name. */
export async function runResendCodes(ctx: Identity, { place, ...meant }: Whom): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    for (const account of await waiting(tx, meant)) {
      const code = await giveCode(ctx, tx, account, 'email', place);
      if (code) enqueue(tx, sendCode, code);
    }
  });
}

async function waiting(db: Database, meant: Whose): Promise<LivingAccount[]> {
  if ('emailIndex' in meant) return findWaitingForCode(db, meant.emailIndex);
  const account = await findByUsername(db, meant.usernameIndex);
  return account?.email_index && !account.email_confirmed_at && account.state !== 'suspended' ? [account] : [];
}
