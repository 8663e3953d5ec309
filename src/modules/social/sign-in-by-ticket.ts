import { z } from 'zod';
import { MfaCode, mfaCodeRequired, type Tokens, wrongMfaCode } from '#identity';
import { tooMany } from '#kernel/problems.ts';
import type { Social } from './context.ts';
import { wrongTicket } from './problems.ts';
import { isTheirs, storeTicket, takeTicket } from './ticket.ts';

export const SignInByTicket = z
  .strictObject({
    ticket: z.string().min(1).max(200).meta({ description: 'From the fragment of the address, or from the refusal that asked for a code' }),
    verifier: z.string().min(1).max(200).optional().meta({ description: 'The text whose hash was the challenge, where there was one' }),
    code: MfaCode.optional().meta({ description: 'One-time or recovery code, where the account has a second factor' }),
  })
  .meta({ id: 'SignInByTicket', example: { ticket: 'Zk3l0mV2c8Yp1tQ7uJ5hXr9wBn4sDf6gKa2eLiTvOxM' } });

/**
 * Changes a ticket for a session, once: while one looks at it, it is not there for others. A code that is missing or wrong
 * gives it back; how many are tried is limited where codes are.
 */
export async function signInByTicket(ctx: Social, { ticket, verifier, code }: z.infer<typeof SignInByTicket>): Promise<Tokens> {
  const taken = await takeTicket(ctx.db, ctx.secrets, ticket, ctx.clock.now());
  if (taken && ctx.request) ctx.request.subject = taken.account_id;
  if (!taken || !isTheirs(taken, verifier)) throw wrongTicket(); // in other hands it is used up
  const { tokens } = await ctx.identity.beginSession({ accountId: taken.account_id, rev: taken.rev, code }).catch(async (refusal) => {
    if ([mfaCodeRequired, wrongMfaCode, tooMany].some((kind) => kind.is(refusal))) await storeTicket(ctx.db, taken);
    throw mfaCodeRequired.is(refusal) ? mfaCodeRequired({ ticket }) : refusal; // who came by a provider may have no password to sign in with
  });
  if (!tokens) throw wrongTicket(); // the account has changed since
  return tokens;
}
