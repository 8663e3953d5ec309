import type { Identity } from './context.ts';
import { invalidRefreshToken } from './problems.ts';
import { nextRefreshToken, type RefreshToken, readRefreshToken, rotate } from './session.ts';
import { signOutSession } from './sign-out.ts';
import { issueTokens, type Tokens } from './tokens.ts';

/**
 * Exchanges a refresh token for new tokens. A repeated call within ten seconds (a parallel tab, a retry after a lost reply) gets
 * the same next refresh token. A later one means that this token or its successor was stolen: the whole family ends, with its
 * access tokens (RFC 9700, 4.14.2).
 */
export async function refreshSession(ctx: Identity, text: string): Promise<Tokens> {
  const token = readRefreshToken(ctx.secrets, text);
  if (!token) throw invalidRefreshToken({ error: 'invalid_grant' });
  const next = nextRefreshToken(ctx.secrets, token);
  if (ctx.request) ctx.request.subject = token.sessionId;
  const rotated = await exchange(ctx, token, next);
  if (rotated === 'reused') {
    ctx.log.warn({ session: token.sessionId }, 'a refresh token was used again after its exchange; its session ends');
    await signOutSession(ctx, token.sessionId, 'reuse');
  }
  if (typeof rotated === 'string') throw invalidRefreshToken({ error: 'invalid_grant' });
  return issueTokens(ctx, rotated, next);
}

/** A statement that has raced another asks once more, and then sees what the other did. */
async function exchange(ctx: Identity, token: RefreshToken, next: RefreshToken) {
  const ask = () => rotate(ctx.db, ctx.secrets, { token, next, now: ctx.clock.now() });
  const first = await ask();
  return first === 'raced' ? ask() : first;
}
