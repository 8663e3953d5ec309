import type { z } from 'zod';
import { notFound } from '#kernel/problems.ts';
import { accountsByIds, customersPage, emailIndex, emailOf, findById, type LivingAccount } from './account.ts';
import type { Identity } from './context.ts';
import type { Contact, Customer, identity, RoleName } from './contract.ts';
import { customerOf } from './customer.ts';
import { unsealDetails } from './personal-details.ts';

type Wanted = z.infer<typeof identity.operations.listCustomers.input>;

/** An account with its personal data. The caller must make sure that the data goes to the owner or the staff. */
export async function readCustomer(ctx: Identity, { accountId }: { accountId: string }): Promise<Customer> {
  const account = await findById(ctx.db, accountId);
  if (!account) throw notFound();
  return customerOf(ctx.secrets, account, ctx.clock.now());
}

/** What an account may do here, and whether it has a second factor. */
export async function accessOf(
  ctx: Identity,
  { accountId }: { accountId: string },
): Promise<{ roles: RoleName[]; hasSecondFactor: boolean }> {
  const account = await findById(ctx.db, accountId);
  if (!account) throw notFound();
  return { roles: account.roles as RoleName[], hasSecondFactor: account.has_second_factor };
}

/** Since when an account is there, and whether its email is confirmed. */
export async function registrationOf(ctx: Identity, { accountId }: { accountId: string }) {
  const account = await findById(ctx.db, accountId);
  return account ? { emailConfirmed: account.email_confirmed_at !== null, createdAt: account.created_at.toISOString() } : null;
}

/** How to reach accounts, in one statement. An address that nobody has confirmed is not one. */
export async function contactsOf(ctx: Identity, { ids }: { ids: string[] }): Promise<z.infer<typeof Contact>[]> {
  const rows = await ctx.db.many<LivingAccount>(accountsByIds(ids));
  return rows.map((row) => ({
    id: row.id,
    username: row.username,
    email: row.email_confirmed_at === null ? null : emailOf(ctx.secrets, row),
    phone: unsealDetails(ctx.secrets, row.id, row.details_sealed ?? '').phone ?? null,
    language: row.language,
    timeZone: row.time_zone,
    active: row.state === 'active',
    orderEmail: row.email_confirmed_at !== null || row.claims_email ? emailOf(ctx.secrets, row) : null,
  }));
}

/** Accounts with their personal data, newest first. An email is found by its index: nothing is unsealed to search. */
export async function listCustomers(ctx: Identity, { email, after, limit }: Wanted): Promise<Customer[]> {
  const index = email === undefined ? null : emailIndex(ctx.secrets, email);
  const rows = await ctx.db.many<LivingAccount>(customersPage({ emailIndex: index, after, rows: limit }));
  return rows.map((row) => customerOf(ctx.secrets, row, ctx.clock.now()));
}
