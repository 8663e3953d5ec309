import type { z } from 'zod';
import { newId } from '#kernel/ids.ts';
import { findById, type LivingAccount } from './account.ts';
import { refuseUnlessOpen } from './account-of-link.ts';
import type { Identity } from './context.ts';
import type { identity } from './contract.ts';
import { placeOf } from './place.ts';
import { mfaCodeRequired } from './problems.ts';
import { proveSecondFactor } from './prove-second-factor.ts';
import { newRefreshToken, openSession } from './session.ts';
import { type Issuing, issueTokens, type Tokens } from './tokens.ts';

/**
 * Begins a session for a caller who has proven to be the owner of the account. An account with a second factor also needs its
 * code, and such a session is stepped up at once.
 * @returns undefined when the account has changed meanwhile.
 */
export async function beginSession(
  ctx: Identity,
  account: LivingAccount,
  code: string | undefined,
  issuing: Issuing = {},
): Promise<Tokens | undefined> {
  if (account.has_second_factor) {
    if (code === undefined) throw mfaCodeRequired();
    await proveSecondFactor(ctx, account.id, code, { place: placeOf(ctx) });
  }
  const token = newRefreshToken(ctx.secrets, newId(), 1);
  const now = ctx.clock.now();
  const owner = await ctx.db.transaction((tx) => openSession(tx, ctx.secrets, { token, account, place: placeOf(ctx), now }));
  return owner && issueTokens(ctx, owner, token, { ...issuing, mfaAt: owner.has_second_factor ? now : undefined });
}

type Recognised = z.infer<typeof identity.operations.beginSession.input>;

/** The same for a person whom a provider has recognised. It is refused if the tokens of the account were voided since then. */
export async function beginSessionOf(ctx: Identity, { accountId, rev, code }: Recognised): Promise<{ tokens: Tokens | null }> {
  const account = await findById(ctx.db, accountId);
  if (!account) return { tokens: null };
  refuseUnlessOpen(account);
  if (account.rev !== rev) return { tokens: null };
  if (ctx.request) ctx.request.subject = account.id;
  return { tokens: (await beginSession(ctx, account, code)) ?? null };
}
