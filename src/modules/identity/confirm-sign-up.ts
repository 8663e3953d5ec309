import { z } from 'zod';
import { violates } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import { Id, Username } from '#kernel/shapes.ts';
import { confirmEmail, findById, forgetRivals, type LivingAccount, lockClaims } from './account.ts';
import { Code, markUsed, tryCode } from './code.ts';
import type { Identity } from './context.ts';
import { accountCreated } from './contract.ts';
import { NAMES_ONE, type Named, namedFields, namesOne, whose } from './named.ts';
import { placeOf, rememberPlace } from './place.ts';
import { wrongCode } from './problems.ts';

export const ConfirmSignUp = z
  .strictObject({ ...namedFields, code: Code })
  .refine(namesOne, NAMES_ONE)
  .meta({ id: 'ConfirmSignUp', example: { username: 'Jane_Doe', code: '402518' } });

export const Confirmed = z.object({ user: z.object({ id: Id, username: Username }), message: z.string() });
export type Confirmed = z.infer<typeof Confirmed>;

/**
 * Proves the email of an account with the code that was mailed to it; one that waited for this becomes active.
 * The first account that proves an address owns it. While the code is valid, the same call gets the same answer again.
 */
export async function confirmSignUp(ctx: Identity, input: Named & { code: string }): Promise<Confirmed> {
  const hit = await tryCode(ctx, { whose: whose(ctx.secrets, input), purpose: 'email', code: input.code });
  if (!hit) throw wrongCode();
  const account = hit.isUsed ? await findById(ctx.db, hit.accountId) : await proveEmail(ctx, hit);
  if (!account) throw wrongCode();
  return told(account);
}

/** The reply to a call that was made before, for the account of its code. @throws wrongCode when that is gone. */
export async function showConfirmed(ctx: Identity, accountId: string | null): Promise<Confirmed> {
  const account = accountId === null ? undefined : await findById(ctx.db, accountId);
  if (!account) throw wrongCode();
  return told(account);
}

const told = ({ id, username }: LivingAccount): Confirmed => ({
  user: { id, username },
  message: 'The email address is confirmed. You can sign in.',
});

/** @returns undefined when the address belongs to somebody already. */
async function proveEmail(
  ctx: Identity,
  { accountId, fingerprint }: { accountId: string; fingerprint: string },
): Promise<LivingAccount | undefined> {
  try {
    return await ctx.db.transaction(async (tx) => {
      const before = await findById(tx, accountId);
      if (before?.email_index) await lockClaims(tx, before.email_index);
      const account = await confirmEmail(tx, accountId, ctx.clock.now());
      if (!account?.email_index) return findById(tx, accountId); // another call has confirmed it meanwhile
      if (!(await markUsed(tx, accountId, 'email', ctx.clock.now(), fingerprint))) throw wrongCode(); // the email was changed this very moment
      await forgetRivals(tx, account.email_index);
      await rememberPlace(tx, accountId, placeOf(ctx), ctx.clock.now());
      if (before?.state === 'unconfirmed') emit(tx, accountCreated, accountId, { accountId });
      return account;
    });
  } catch (error) {
    if (violates(error, 'accounts_email')) return undefined;
    throw error;
  }
}
