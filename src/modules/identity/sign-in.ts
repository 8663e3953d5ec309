import { z } from 'zod';
import { findByOwnEmail, findByUsername, findNewestUnconfirmed, type LivingAccount } from './account.ts';
import { refuseUnlessOpen } from './account-of-link.ts';
import { countAttempt, forgiveAttempts } from './attempts.ts';
import { beginSession } from './begin-session.ts';
import type { Whose } from './code.ts';
import type { Identity } from './context.ts';
import { TriedPassword } from './contract.ts';
import { NAMES_ONE, type Named, namedFields, namesOne, whose } from './named.ts';
import { isPassword } from './password.ts';
import { placeOf } from './place.ts';
import { notConfirmed, wrongCredentials } from './problems.ts';
import { MfaCode } from './second-factor.ts';
import type { Issuing, Tokens } from './tokens.ts';

export const SignIn = z
  .strictObject({
    ...namedFields,
    password: TriedPassword,
    code: MfaCode.optional().meta({ description: 'One-time or recovery code, where the account has a second factor' }),
  })
  .refine(namesOne, NAMES_ONE)
  .meta({ id: 'SignIn', example: { username: 'Jane_Doe', password: 'correct horse battery' } });

/**
 * Begins a session for a caller who knows the password. Unknown names and wrong passwords take the same time and get the same reply.
 * Only a caller who knows the password learns that the account is unconfirmed, suspended or being closed, or has a second factor.
 * A session that began with a code is stepped up at once.
 */
export async function signIn(
  ctx: Identity,
  input: Named & { password: string; code?: string | undefined },
  issuing: Issuing = {},
): Promise<Tokens> {
  const meant = whose(ctx.secrets, input);
  const tried = { ...meant, place: placeOf(ctx) };
  if (ctx.settings.rateLimits) await countAttempt(ctx, tried);
  const account = await accountWith(ctx, meant, input.password);
  if (!account) throw wrongCredentials();
  if (ctx.settings.rateLimits && account.state !== 'unconfirmed') await forgiveAttempts(ctx, tried); // a claimant's own password forgives nothing
  if (ctx.request) ctx.request.subject = account.id;
  if (account.state === 'unconfirmed') throw notConfirmed();
  refuseUnlessOpen(account);
  const tokens = await beginSession(ctx, account, input.code, issuing);
  if (!tokens) throw wrongCredentials(); // suspended, erased, given another password or a second factor this very moment
  return tokens;
}

/** An email can name two accounts, its owner and the newest one that claims it. Two passwords are checked in any case. */
async function accountWith(ctx: Identity, meant: Whose, password: string): Promise<LivingAccount | undefined> {
  const isTheirs = async (account: LivingAccount | undefined) => {
    if (account && ctx.request) ctx.request.subject ??= account.id; // whose password was tried
    return (await isPassword(ctx, password, account?.password_hash)) ? account : undefined;
  };
  if ('usernameIndex' in meant) return isTheirs(await findByUsername(ctx.db, meant.usernameIndex));
  const owner = await findByOwnEmail(ctx.db, meant.emailIndex);
  return (await isTheirs(owner)) ?? isTheirs(await findNewestUnconfirmed(ctx.db, meant.emailIndex));
}
