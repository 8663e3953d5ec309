import { z } from 'zod';
import { unauthenticated } from '#kernel/problems.ts';
import { Id, Username } from '#kernel/shapes.ts';
import { emailOf, findById } from './account.ts';
import type { Identity } from './context.ts';
import { RoleName } from './contract.ts';
import { unsealDetails } from './personal-details.ts';

export const Me = z
  .object({
    id: Id,
    username: Username,
    fullName: z.string().nullable(),
    email: z.string().nullable(),
    emailConfirmed: z.boolean(),
    roles: z.array(RoleName),
    permissions: z.array(z.string()),
    mfa: z.boolean().meta({ description: 'Whether the account has a second factor' }),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof Me>;

/** Whom the token speaks for, and what they may. */
export async function whoAmI(ctx: Identity): Promise<Me> {
  const account = await findById(ctx.db, ctx.actor.id);
  if (!account) throw unauthenticated();
  return {
    id: account.id,
    username: account.username,
    fullName: account.details_sealed ? unsealDetails(ctx.secrets, account.id, account.details_sealed).fullName : null,
    email: emailOf(ctx.secrets, account),
    emailConfirmed: account.email_confirmed_at !== null,
    roles: account.roles,
    permissions: [...ctx.permissions.ofRoles(account.roles)].sort(),
    mfa: account.has_second_factor,
  };
}
