import { renderSVG } from 'uqr';
import { z } from 'zod';
import { unauthenticated } from '#kernel/problems.ts';
import { findById } from './account.ts';
import type { Identity } from './context.ts';
import { TriedPassword } from './contract.ts';
import { demandPassword } from './demand-password.ts';
import { ownSession } from './own-session.ts';
import { mfaEnrolled } from './problems.ts';
import { beginSecondFactor, newSecret, totpOf } from './second-factor.ts';

export const EnrolTotp = z
  .strictObject({
    currentPassword: TriedPassword.optional().meta({
      description: 'Needed, unless the account has none and signed in in the last 10 minutes',
    }),
  })
  .meta({ id: 'EnrolTotp', example: { currentPassword: 'correct horse battery' } });

export const TotpSecret = z
  .object({
    secret: z.string().meta({ description: 'Base32, for apps that cannot read the picture', example: 'NN3USAP2FRYMXRXX6STNNDGNVU2IK4XD' }),
    uri: z.string().meta({ description: 'What the picture says', example: 'otpauth://totp/Souk:bob?issuer=Souk&secret=NN3USAP2FRYMXRXX' }),
    qr: z.string().meta({ description: 'The URI as a QR code: text of an SVG', example: '<svg xmlns="http://www.w3.org/2000/svg"/>' }),
  })
  .meta({ id: 'TotpSecret' });

/**
 * Makes a secret for an authenticator app. It changes nothing until a first code confirms it, within an hour; asked again
 * before that, a new secret takes its place. It takes the current password: the owner of a stolen token must not be locked out.
 */
export async function enrolTotp(ctx: Identity, { currentPassword }: z.infer<typeof EnrolTotp>): Promise<z.infer<typeof TotpSecret>> {
  ownSession(ctx); // what cannot be confirmed is not begun
  const account = await findById(ctx.db, ctx.actor.id);
  if (!account) throw unauthenticated();
  if (account.has_second_factor) throw mfaEnrolled();
  await demandPassword(ctx, account, currentPassword);
  const secret = newSecret();
  const begun = await beginSecondFactor(ctx.db, ctx.secrets, { accountId: ctx.actor.id, secret, now: ctx.clock.now() });
  if (!begun) throw mfaEnrolled();
  const uri = totpOf(secret, ctx.actor.username).toString();
  return { secret, uri, qr: renderSVG(uri, { border: 4, pixelSize: 4 }) }; // ISO 18004 wants four modules of margin
}
