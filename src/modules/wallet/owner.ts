import { notFound } from '#kernel/problems.ts';
import type { Wallet } from './context.ts';

/** The account id behind a username in a path: the caller's own without asking, another's by asking identity. */
export async function ownerOf(ctx: Wallet, username: string): Promise<string> {
  if (username.toLowerCase() === ctx.actor.username.toLowerCase()) return ctx.actor.id;
  const account = await ctx.identity.findAccount({ username });
  if (!account) throw notFound();
  return account.id;
}
