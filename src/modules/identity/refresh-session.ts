import type { Identity } from './context.ts';
import { invalidRefreshToken } from './problems.ts';
import { newRefreshToken, type RefreshToken, readRefreshToken, rotate } from './session.ts';
import { signOutSession } from './sign-out.ts';
import { issueTokens, type Tokens } from './tokens.ts';

/** Tokens that this process is exchanging at the moment. */
const underWay = new Set<string>();

/**
 * Exchanges a refresh token for new tokens; it is good once. Presented again after it was exchanged it has been stolen, or
 * its successor has: the whole family ends, and its access tokens with it (RFC 9700, 4.14.2). Of several presentations at
 * the same time (two windows of one browser) exactly one is answered with tokens and the others are refused; only one that
 * comes after the exchange ends the family.
 */
export async function refreshSession(ctx: Identity, text: string): Promise<Tokens> {
  const token = readRefreshToken(ctx.secrets, text);
  if (!token || underWay.has(text)) throw invalidRefreshToken({ error: 'invalid_grant' });
  underWay.add(text);
  try {
    return await exchange(ctx, token);
  } finally {
    underWay.delete(text);
  }
}

async function exchange(ctx: Identity, token: RefreshToken): Promise<Tokens> {
  const next = newRefreshToken(ctx.secrets, token.sessionId, token.generation + 1);
  if (ctx.request) ctx.request.subject = token.sessionId;
  const rotated = await rotate(ctx.db, ctx.secrets, { token, next, now: ctx.clock.now() });
  if (rotated === 'reused') {
    ctx.log.warn({ session: token.sessionId }, 'a refresh token was used again after its exchange; its session ends');
    await signOutSession(ctx, token.sessionId, 'reuse');
  }
  if (typeof rotated === 'string') throw invalidRefreshToken({ error: 'invalid_grant' });
  return issueTokens(ctx, rotated, next);
}
