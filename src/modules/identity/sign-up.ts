import { z } from 'zod';
import type { Database } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { refuseOtherBody } from '#kernel/idempotency.ts';
import { type Key, type Replayed, replayed } from '#kernel/routes.ts';
import { Email, Id, Username } from '#kernel/shapes.ts';
import { findByKey, type LivingAccount } from './account.ts';
import type { Identity } from './context.ts';
import { sendCode } from './jobs.ts';
import { freeUsernames, giveCode, openAccount } from './open-account.ts';
import { hashPassword, NewPassword } from './password.ts';
import { FullName } from './personal-details.ts';
import { usernameTaken } from './problems.ts';
import { isReservedName } from './username.ts';

export const SignUp = z.strictObject({ email: Email, password: NewPassword, fullName: FullName, username: Username.optional() }).meta({
  id: 'SignUp',
  example: { email: 'jane@example.com', password: 'correct horse battery', fullName: 'Jane Doe', username: 'Jane_Doe' },
});
export type SignUp = z.infer<typeof SignUp>;

export const SignedUp = z
  .object({ user: z.object({ id: Id, username: Username, email: z.string(), fullName: z.string() }), message: z.string() })
  .meta({ id: 'SignedUp' });
export type SignedUp = z.infer<typeof SignedUp>;

/**
 * Opens an account that waits for its email to be confirmed, and has a code mailed. It grants no roles.
 *
 * An address that somebody owns already is treated the same, except for the mail: the account is opened, can never be confirmed,
 * and is forgotten later; the owner of the address gets an email. So neither the reply, nor its time, nor what happens to the name
 * shows who is a customer.
 */
export async function signUp(ctx: Identity, input: SignUp, key: Key | undefined): Promise<SignedUp | Replayed<SignedUp>> {
  const before = key && (await madeBefore(ctx, input, key));
  if (before) return before;
  const passwordHash = await hashPassword(ctx, input.password);
  const opened = await ctx.db.transaction(async (tx) => {
    for (const username of await namesToTry(ctx, tx, input)) {
      const account = await openAccount(ctx, tx, {
        username,
        passwordHash,
        state: 'unconfirmed',
        details: { fullName: input.fullName },
        email: input.email,
        key,
      });
      if (!account) continue;
      if (ctx.request) ctx.request.subject = account.id;
      const code = await giveCode(ctx, tx, account, 'email');
      if (code) enqueue(tx, sendCode, code);
      return account;
    }
    return undefined;
  });
  if (opened) return told(input, opened);
  const twin = key && (await madeBefore(ctx, input, key));
  if (twin) return twin;
  throw usernameTaken({ username: input.username ?? input.fullName });
}

async function madeBefore(ctx: Identity, input: SignUp, key: Key): Promise<Replayed<SignedUp> | undefined> {
  const account = await findByKey(ctx.db, key);
  if (!account) return undefined;
  refuseOtherBody(account, key);
  return replayed(told(input, account));
}

/** The chosen name alone, or those made from the full name that are free at the moment. */
async function namesToTry(ctx: Identity, db: Database, { username, fullName }: SignUp): Promise<string[]> {
  if (username) return (await isReservedName(db, username)) ? [] : [username];
  return freeUsernames(ctx, db, fullName);
}

/**
 * The reply, made of what the call itself says and of parts of the account that never change. So a repeated call shows what the
 * first one showed. It shows nothing that changed later, because the call needs no token.
 */
const told = ({ email, fullName }: SignUp, { id, username }: LivingAccount): SignedUp => ({
  user: { id, username, email, fullName },
  message: 'A code has been sent to this email address. Confirm the address with it, then sign in.',
});
