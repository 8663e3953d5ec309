import { z } from 'zod';
import type { Recognised, Return } from '#adapters/identity-providers/port.ts';
import { type LinkedAccount, mfaCodeRequired, type Tokens } from '#identity';
import { Problem } from '#kernel/problems.ts';
import { type Redirection, redirection } from '#kernel/routes.ts';
import { cookieValueOf, returnParametersIn } from './authorization-cookie.ts';
import { endRequest, requestOf } from './authorization-request.ts';
import type { Social } from './context.ts';
import { declined, notProven, unknownRequest } from './problems.ts';
import { ask, providerNamed } from './provider.ts';
import { issueTicket } from './ticket.ts';

const fromProvider = z.string().max(4000).optional();

export const Callback = z.object({
  state: z.string().min(1).max(200).meta({ description: 'What the browser was sent away with' }),
  code: fromProvider.meta({ description: 'The authorization code, when the provider agreed' }),
  error: fromProvider.meta({ description: 'Why the provider refused (RFC 6749)', example: 'access_denied' }),
  iss: fromProvider.meta({ description: 'The issuer that answers (RFC 9207)' }),
});

type Came = { query: z.infer<typeof Callback>; cookies: string | undefined };

/**
 * Takes back a browser that was sent to a provider: once, and the very same one. The code is changed while no transaction is
 * open. Without `returnTo` the answer is the tokens; with it the browser goes there, with a ticket or with the code of what
 * kept it out.
 */
export async function finishAuthorization(ctx: Social, name: string, { query, cookies }: Came): Promise<Tokens | Redirection> {
  const { name: provider } = providerNamed(ctx, name);
  const kept = cookieValueOf(ctx, query.state, cookies);
  const isBack = kept !== undefined && (await endRequest(ctx.db, ctx.secrets, { provider, state: query.state, kept }, ctx.clock.now()));
  if (!isBack) throw unknownRequest();
  const { returnTo, challenge } = returnParametersIn(kept);
  if (returnTo === undefined) return letIn(ctx, await accountOf(ctx, provider, query), challenge);
  try {
    const account = await accountOf(ctx, provider, query);
    return sentBack(returnTo, { ticket: await issueTicket(ctx.db, ctx.secrets, { account, challenge, now: ctx.clock.now() }) });
  } catch (refusal) {
    if (!(refusal instanceof Problem)) throw refusal;
    if (ctx.request) ctx.request.refusedWith = refusal.status;
    return sentBack(returnTo, { problem: refusal.code });
  }
}

async function accountOf(ctx: Social, name: string, { state, ...back }: { state: string } & Return): Promise<LinkedAccount> {
  const person = await recognise(ctx, name, state, back);
  const { account } = await ctx.identity.accountOfLink({ provider: name, ...person });
  return account;
}

async function recognise(ctx: Social, named: string, state: string, back: Return): Promise<Recognised> {
  const { name, provider } = providerNamed(ctx, named);
  const answer = await ask(ctx, name, provider.recognise(requestOf(ctx, name, state), back));
  if (answer.outcome === 'declined') throw declined();
  if (answer.outcome === 'not-proven') {
    ctx.log.warn({ provider: name }, 'a provider refused a code'); // often: a wrong client secret
    throw notProven();
  }
  return answer.person;
}

/** The provider alone lets nobody in who has a second factor: a ticket waits for the code. */
async function letIn(ctx: Social, account: LinkedAccount, challenge: string | undefined): Promise<Tokens> {
  const now = ctx.clock.now();
  if (account.hasSecondFactor) throw mfaCodeRequired({ ticket: await issueTicket(ctx.db, ctx.secrets, { account, challenge, now }) });
  const { tokens } = await ctx.identity.beginSession({ accountId: account.id, rev: account.rev });
  if (!tokens) throw unknownRequest(); // the account has changed this very moment
  return tokens;
}

/** The result is in the fragment of the address, which browsers do not send to servers. */
function sentBack(returnTo: string, said: Record<string, string>): Redirection {
  const url = new URL(returnTo);
  url.hash = new URLSearchParams(said).toString();
  return redirection(url.href);
}
