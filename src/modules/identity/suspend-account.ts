import { z } from 'zod';
import { revokedHere } from '#authentication/revoked.ts';
import { emit } from '#kernel/events.ts';
import { forbidden, notFound } from '#kernel/problems.ts';
import { Id, line, Username } from '#kernel/shapes.ts';
import { standingChanged } from '#kernel/standing.ts';
import { findById, type LivingAccount, lockAccount, setSuspended } from './account.ts';
import type { Identity } from './context.ts';
import { asLastAdmin } from './last-admin.ts';
import { ownSuspension } from './problems.ts';
import { revoke } from './revocation.ts';
import { endSessions } from './session.ts';

export const Suspension = z
  .strictObject({ suspended: z.boolean(), reason: line(500) })
  .meta({ id: 'Suspension', example: { suspended: true, reason: 'sells what is not theirs' } });

export const SuspendedAccount = z.object({ id: Id, username: Username, suspended: z.boolean() }).meta({ id: 'SuspendedAccount' });

/**
 * Shuts an account out, or lets it in again. Its sessions end at once and its tokens are void in every process; while it is
 * suspended it cannot sign in. Staff are shut out only by those who may grant roles, nobody
 * shuts out themselves, and of two admins who shut each other out at once one stays.
 */
export async function suspendAccount(
  ctx: Identity,
  accountId: string,
  { suspended, reason }: z.infer<typeof Suspension>,
): Promise<z.infer<typeof SuspendedAccount>> {
  const change = ctx.db.transaction(async (tx) => {
    const before = await lockAccount(tx, accountId);
    if (!before) throw notFound();
    if (before.id === ctx.actor.id) throw ownSuspension();
    if (before.roles.length > 0 && !ctx.actor.permissions.has('roles:grant')) throw forbidden({ permission: 'roles:grant' });
    if ((before.state === 'suspended') === suspended) return before;
    const now = ctx.clock.now();
    if (suspended) await endSessions(tx, accountId, { by: 'suspension', except: null, now });
    const after = await setSuspended(tx, accountId, { suspended, reason, rev: await revoke(tx, 'account', accountId, now) });
    emit(tx, standingChanged, accountId, { accountId, suspended, version: after.version });
    return after;
  });
  const account = await change.catch(asLastAdmin);
  revokedHere();
  return shown(account);
}

/** The reply to a call that was made before: how the account stands today. @throws notFound */
export async function showSuspended(ctx: Identity, accountId: string): Promise<z.infer<typeof SuspendedAccount>> {
  const account = await findById(ctx.db, accountId);
  if (!account) throw notFound();
  return shown(account);
}

const shown = ({ id, username, state }: LivingAccount) => ({ id, username, suspended: state === 'suspended' });
