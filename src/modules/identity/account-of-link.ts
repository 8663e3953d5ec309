import type { z } from 'zod';
import { type Transaction, violates } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import { unavailable } from '#kernel/problems.ts';
import { Email } from '#kernel/shapes.ts';
import { emailIndex, forgetRivals, type LivingAccount, lockClaims, shareConfirmedEmail } from './account.ts';
import type { Identity } from './context.ts';
import { accountCreated, type identity, type LinkedAccount } from './contract.ts';
import { findLinked, findLinks, insertLink, type Link, linkOf } from './link.ts';
import { notifyOwner } from './notify-owner.ts';
import { freeUsernames, openAccount } from './open-account.ts';
import { FullName } from './personal-details.ts';
import { accountClosing, accountSuspended, emailNotVerified } from './problems.ts';

type Told = z.infer<typeof identity.operations.accountOfLink.input>;

/**
 * The account of a person whom an identity provider has recognised. A known link decides, even if the provider now names another
 * email. Without a link the email decides, if both sides have verified it: the account that has confirmed it is linked, or a new
 * one is opened. Of many calls at the same time one links; the others find its result.
 */
export async function accountOfLink(ctx: Identity, told: Told): Promise<{ account: LinkedAccount }> {
  const link = linkOf(ctx.secrets, told);
  const known = await findLinked(ctx.db, link);
  if (known) refuseUnlessOpen(known);
  const account = known ?? (await linkByEmail(ctx, link, told));
  if (!account) return accountOfLink(ctx, told); // somebody else has linked it this very moment
  if (ctx.request) ctx.request.subject = account.id;
  const { id, username, roles, rev, has_second_factor: hasSecondFactor } = account;
  return { account: { id, username, roles, rev, hasSecondFactor } };
}

/** @returns undefined when somebody else was faster: nothing of this is then there. */
async function linkByEmail(ctx: Identity, link: Link, told: Told): Promise<LivingAccount | undefined> {
  const email = told.emailVerified ? Email.safeParse(told.email).data : undefined;
  if (email === undefined) throw emailNotVerified();
  try {
    return await ctx.db.transaction(async (tx) => {
      const owner = await shareConfirmedEmail(tx, emailIndex(ctx.secrets, email));
      const account = owner ?? (await openProven(ctx, tx, email, told.fullName));
      refuseUnlessOpen(account);
      await insertLink(tx, link, { accountId: account.id, now: ctx.clock.now() });
      if (owner) await notifyOwner(ctx, tx, owner.id, { what: 'linked', provider: told.provider });
      if (ctx.request) ctx.request.subject = account.id;
      return account;
    });
  } catch (error) {
    if (violates(error, 'links_pkey')) return undefined;
    throw error;
  }
}

/**
 * Opens an active account with a confirmed email and no password; a mailed code sets one. Other accounts that claim the address
 * can never confirm it.
 */
async function openProven(ctx: Identity, tx: Transaction, email: string, name: string | null): Promise<LivingAccount> {
  const index = emailIndex(ctx.secrets, email);
  await lockClaims(tx, index);
  await forgetRivals(tx, index);
  const fullName = FullName.safeParse(name?.slice(0, 120)).data;
  for (const username of await freeUsernames(ctx, tx, fullName ?? 'user')) {
    const account = await openAccount(ctx, tx, {
      username,
      passwordHash: null,
      state: 'active',
      details: { fullName: fullName ?? username },
      email,
      isEmailConfirmed: true,
    });
    if (account) emit(tx, accountCreated, account.id, { accountId: account.id });
    const owner = account ?? (await shareConfirmedEmail(tx, index)); // another call has confirmed it meanwhile
    if (owner) return owner;
  }
  throw unavailable({ retryAfterSeconds: 1 }); // seventeen names were taken while we looked; others are drawn the next time
}

/** @throws accountSuspended, accountClosing */
export function refuseUnlessOpen({ state }: LivingAccount): void {
  if (state === 'suspended') throw accountSuspended();
  if (state !== 'active') throw accountClosing();
}

/** Which providers know the account, and since when; nothing of what they say. */
export async function linksOf(ctx: Identity, { accountId }: { accountId: string }) {
  const links = await findLinks(ctx.db, accountId);
  return links.map(({ provider, created_at }) => ({ provider, createdAt: created_at.toISOString() }));
}
