import { z } from 'zod';
import { revokedHere } from '#authentication/revoked.ts';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import { notFound } from '#kernel/problems.ts';
import { Id, Username } from '#kernel/shapes.ts';
import { type LivingAccount, lockAccount, setRoles } from './account.ts';
import type { Identity } from './context.ts';
import { RoleName } from './contract.ts';
import { asLastAdmin, evenTheLastAdmin } from './last-admin.ts';
import { revoke } from './revocation.ts';

export const Roles = z.strictObject({ roles: z.array(RoleName).max(20) }).meta({ id: 'Roles' });

export const AccountRoles = z
  .object({ id: Id, username: Username, roles: z.array(RoleName), version: z.int() })
  .meta({ id: 'AccountRoles' });
export type AccountRoles = z.infer<typeof AccountRoles>;

interface Grant {
  accountId: string;
  roles: readonly RoleName[];
  /** The version that the caller has seen. */
  ifMatch?: Precondition;
  /** Refuses to leave nobody who could grant roles. */
  keepsLastAdmin?: boolean;
}

/**
 * Makes these the roles of an account, and no others. Tokens that speak of other roles die at once: their holder refreshes.
 * @throws notFound for an account that nobody has confirmed, or that is erased. @throws lastAdmin
 */
export async function grantRoles(ctx: Identity, { accountId, roles, ifMatch, keepsLastAdmin }: Grant): Promise<AccountRoles> {
  const wanted = [...new Set(roles)].sort();
  const grant = ctx.db.transaction(async (tx) => {
    if (!keepsLastAdmin) await evenTheLastAdmin(tx);
    const before = await lockAccount(tx, accountId);
    if (!before) throw notFound();
    demandVersion(ifMatch, before.version);
    if (sameRoles(before, wanted)) return before;
    return setRoles(tx, accountId, wanted, await revoke(tx, 'account', accountId, ctx.clock.now()));
  });
  const account = await grant.catch(asLastAdmin);
  revokedHere();
  return { id: account.id, username: account.username, roles: account.roles, version: account.version };
}

const sameRoles = ({ roles }: LivingAccount, wanted: readonly RoleName[]): boolean =>
  roles.length === wanted.length && wanted.every((role) => roles.includes(role));
