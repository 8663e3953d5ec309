import { revokedHere } from '#authentication/revoked.ts';
import { notFound } from '#kernel/problems.ts';
import { lockAccount, setRoles } from './account.ts';
import type { Identity } from './context.ts';
import type { RoleName } from './contract.ts';
import { asLastAdmin, evenTheLastAdmin } from './last-admin.ts';
import { revoke } from './revocation.ts';

interface Change {
  accountId: string;
  add: readonly RoleName[];
  remove: readonly RoleName[];
  /** Takes `admin` from the last account that has it too. */
  evenLastAdmin: boolean;
}

/**
 * Gives an account some roles and takes others, for an operator. Its tokens of before are void at once, unless nothing changes.
 * @throws notFound for an account that nobody has confirmed, or that is erased.
 * @throws lastAdmin when no active account would be an admin afterwards.
 */
export async function changeRoles(ctx: Identity, { accountId, add, remove, evenLastAdmin }: Change): Promise<{ roles: RoleName[] }> {
  const change = ctx.db.transaction(async (tx) => {
    if (evenLastAdmin) await evenTheLastAdmin(tx);
    const before = await lockAccount(tx, accountId);
    if (!before) throw notFound();
    const roles = [...new Set([...before.roles, ...add])].filter((role) => !remove.includes(role)).sort();
    if (roles.join() === [...before.roles].sort().join()) return { account: before, changed: false };
    return { account: await setRoles(tx, accountId, roles, await revoke(tx, 'account', accountId, ctx.clock.now())), changed: true };
  });
  const { account, changed } = await change.catch(asLastAdmin);
  if (changed) revokedHere();
  return { roles: account.roles };
}
