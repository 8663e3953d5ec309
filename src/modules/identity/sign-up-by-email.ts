import type { z } from 'zod';
import { emit, enqueue } from '#kernel/events.ts';
import { unavailable } from '#kernel/problems.ts';
import { Username } from '#kernel/shapes.ts';
import { emailIndex, findByOwnEmail, lockClaims } from './account.ts';
import type { Identity } from './context.ts';
import { accountCreated, emailTaken, type identity } from './contract.ts';
import { sendCode } from './jobs.ts';
import { freeUsernames, giveCode, openAccount } from './open-account.ts';
import { hashPassword } from './password.ts';
import { placeOf, rememberPlace } from './place.ts';
import { usernameTaken } from './problems.ts';
import { type SignedUp, signUp } from './sign-up.ts';
import { baseOf, unguessedBase } from './username.ts';

type ByEmail = z.infer<typeof identity.operations.signUpByEmail.input>;
type ByFullName = z.infer<typeof identity.operations.signUpByFullName.input>;
type Opened = z.infer<typeof identity.operations.signUpByEmail.output>;

/**
 * Opens an account that is active at once and is found by its email when it signs in. The address is the account's for that, until
 * somebody proves it; of several at once one gets it. Nothing of the address is in the username, which is public.
 */
export async function signUpByEmail(ctx: Identity, { email, password }: ByEmail): Promise<Opened> {
  const index = emailIndex(ctx.secrets, email);
  if (await findByOwnEmail(ctx.db, index)) throw emailTaken();
  const passwordHash = await hashPassword(ctx, password);
  return ctx.db.transaction(async (tx) => {
    await lockClaims(tx, index);
    if (await findByOwnEmail(tx, index)) throw emailTaken();
    for (const username of await freeUsernames(ctx, tx, unguessedBase())) {
      const account = await openAccount(ctx, tx, {
        ...{ username, passwordHash, email, state: 'active', claimsEmail: true },
        details: { fullName: username },
      });
      if (!account) continue;
      if (ctx.request) ctx.request.subject = account.id;
      emit(tx, accountCreated, account.id, { accountId: account.id });
      await rememberPlace(tx, account.id, placeOf(ctx), ctx.clock.now());
      const code = await giveCode(ctx, tx, account, 'email');
      if (code) enqueue(tx, sendCode, code);
      return { id: account.id, username: account.username };
    }
    throw unavailable({ retryAfterSeconds: 1 });
  });
}

/** Opens an account whose username is exactly what its full name makes. @throws usernameTaken */
export async function signUpByFullName(ctx: Identity, { email, password, fullName }: ByFullName): Promise<Opened> {
  const username = baseOf(fullName);
  if (!Username.safeParse(username).success) throw usernameTaken({ username });
  const { user } = (await signUp(ctx, { email, password, fullName, username }, undefined)) as SignedUp;
  return { id: user.id, username: user.username };
}
