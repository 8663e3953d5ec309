import type { z } from 'zod';
import { emit } from '#kernel/events.ts';
import { emailIndex, findByConfirmedEmail, findByUsername } from './account.ts';
import type { Identity } from './context.ts';
import { accountCreated, type identity, usernameTaken } from './contract.ts';
import { openAccount } from './open-account.ts';
import { hashPassword } from './password.ts';
import { usernameIndex } from './username.ts';

type Named = z.infer<typeof identity.operations.ensureAccount.output>;

/**
 * Makes an active account whose email counts as confirmed. If the username exists, its account is answered unchanged.
 * @throws usernameTaken when the name belonged to an account that is erased.
 * @throws Error when the email belongs to another account.
 */
export async function ensureAccount(ctx: Identity, input: z.infer<typeof identity.operations.ensureAccount.input>): Promise<Named> {
  const existing = await accountNamed(ctx, input.username);
  if (existing) return existing;
  const passwordHash = await hashPassword(ctx, input.password);
  const { username, fullName, email } = input;
  const made = await ctx.db.transaction(async (tx) => {
    const account = await openAccount(ctx, tx, {
      username,
      passwordHash,
      state: 'active',
      details: { fullName },
      email,
      isEmailConfirmed: true,
    });
    if (account) emit(tx, accountCreated, account.id, { accountId: account.id });
    return account;
  });
  if (made) return { id: made.id, username };
  const twin = await accountNamed(ctx, username);
  if (twin) return twin;
  const owner = email && (await findByConfirmedEmail(ctx.db, emailIndex(ctx.secrets, email)));
  if (owner) throw new Error(`The email given for ${username} belongs to the account ${owner.id}.`);
  throw usernameTaken({ username });
}

async function accountNamed(ctx: Identity, username: string): Promise<Named | undefined> {
  const account = await findByUsername(ctx.db, usernameIndex(ctx.secrets, username));
  return account && { id: account.id, username: account.username };
}
