import { readsDataOf } from '#kernel/audit.ts';
import { notFound } from '#kernel/problems.ts';
import { findByUsername } from './account.ts';
import type { Identity } from './context.ts';
import type { Customer } from './contract.ts';
import { customerOf } from './customer.ts';
import { usernameIndex } from './username.ts';

/** An account with its personal data: for its owner, and for staff who may read customers. */
export async function showCustomer(ctx: Identity, username: string): Promise<Customer> {
  const account = await findByUsername(ctx.db, usernameIndex(ctx.secrets, username));
  if (!account) throw notFound();
  readsDataOf(ctx, account.id);
  return customerOf(ctx.secrets, account, ctx.clock.now());
}
