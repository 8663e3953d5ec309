import { notFound } from '#kernel/problems.ts';
import { isSameUsername } from '#kernel/shapes.ts';
import type { Wallet } from './context.ts';

/** The account id behind a username in a path: the caller's own without asking, another's by asking identity. */
export async function ownerOf(ctx: Wallet, username: string): Promise<string> {
  if (isSameUsername(username, ctx.actor.username)) return ctx.actor.id;
  const account = await ctx.identity.findAccount({ username });
  if (!account) throw notFound();
  return account.id;
}
