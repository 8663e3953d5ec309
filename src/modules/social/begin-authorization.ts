import { z } from 'zod';
import { invalid } from '#kernel/problems.ts';
import { type Redirection, redirection } from '#kernel/routes.ts';
import { authorizationCookie, newCookieValue } from './authorization-cookie.ts';
import { insertRequest, newState, requestOf } from './authorization-request.ts';
import type { Social } from './context.ts';
import { ask, providerNamed } from './provider.ts';

export const BeginAuthorization = z.object({
  returnTo: z
    .string()
    .max(1000)
    .optional()
    .meta({ description: 'Where the browser goes in the end, with a ticket; without it the callback answers the tokens' }),
  challenge: z
    .string()
    .regex(/^[\w-]{43}$/, 'must be a SHA-256 in base64url')
    .optional()
    .meta({
      description:
        'Base64url of the SHA-256 of a text that only the page knows (as in PKCE). The ticket can then be exchanged only with that text',
    }),
});

/** Sends a browser to a provider, and remembers for ten minutes that it will come back. */
export async function beginAuthorization(ctx: Social, name: string, query: z.infer<typeof BeginAuthorization>): Promise<Redirection> {
  const { name: known, provider } = providerNamed(ctx, name);
  const returnTo = query.returnTo === undefined ? undefined : allowed(ctx, query.returnTo);
  const [state, kept] = [newState(), newCookieValue({ returnTo, challenge: query.challenge })];
  const address = await ask(ctx, known, provider.invite(requestOf(ctx, known, state)));
  await insertRequest(ctx.db, ctx.secrets, { provider: known, state, kept }, ctx.clock.now());
  return redirection(address, authorizationCookie(ctx, state, kept));
}

/** Only addresses that the operator has listed, so that a link of ours never leads to a foreign page with a ticket. */
function allowed({ settings }: Social, returnTo: string): string {
  const url = URL.canParse(returnTo) ? new URL(returnTo) : undefined;
  const origins = [new URL(settings.publicUrl).origin, ...settings.returnOrigins];
  if (!url || !/^https?:$/.test(url.protocol) || !origins.includes(url.origin) || url.username || url.password || url.hash)
    throw invalid({
      errors: [
        { pointer: '/returnTo', detail: 'must be a URL, without a fragment, of an origin that SOCIAL_RETURN_ORIGINS names', in: 'query' },
      ],
    });
  return url.href;
}
