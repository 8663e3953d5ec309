import { z } from 'zod';
import { type Database, sql } from '#kernel/database.ts';
import { keyColumns, once, sameCall } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import { Currency, PositiveAmount } from '#kernel/money.ts';
import { problem } from '#kernel/problems.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import { Id, line } from '#kernel/shapes.ts';
import type { Wallet } from './context.ts';
import { lockBalances, losses, post, receivable } from './ledger.ts';
import { refuseTooLarge } from './limits.ts';
import { ownerOf } from './owner.ts';

export const WriteOffDebt = z.strictObject({
  amount: PositiveAmount,
  currency: Currency,
  reason: line(500).min(1, 'must not be empty').meta({ description: 'The owner can read it', example: 'Sells no more, and owes little.' }),
});

export const WriteOff = z
  .object({ id: Id, amount: z.int(), currency: Currency, reason: z.string().nullable() })
  .meta({ id: 'WriteOff', description: 'A debt that was given up' });
type WriteOff = z.infer<typeof WriteOff>;

export const owesLess = problem({
  code: 'wallet/owes-less',
  status: 409,
  title: 'The debt is smaller',
  members: { currency: z.string(), owed: z.int() },
  detail: ({ currency, owed }) => `Only ${owed} ${currency} (minor units) are owed. No more than that can be written off.`,
});

export const ownDebt = problem({
  code: 'wallet/own-debt',
  status: 403,
  title: 'Somebody else must decide',
  detail: 'Nobody writes off their own debt. Ask another person who may do so.',
});

interface WriteOffRow extends WriteOff {
  body_hash: string | null;
}

/**
 * Gives up what a seller owes, or a part of it, with a reason: `losses` of the platform -> `receivable`. So a seller who sells no more can
 * close the account.
 */
export const writeOffDebt = (
  ctx: Wallet,
  username: string,
  input: z.infer<typeof WriteOffDebt>,
  key: Key | undefined,
): Promise<WriteOff | Replayed<WriteOff>> =>
  once<WriteOffRow, WriteOff>(key, {
    make: () => writeOff(ctx, username, input, key),
    find: (known) => sameCall(known, writeOffByKey(ctx.db, known)),
    answer: ({ id, amount, currency, reason }) => ({ id, amount, currency, reason }),
  });

async function writeOff(
  ctx: Wallet,
  username: string,
  { amount, currency, reason }: z.infer<typeof WriteOffDebt>,
  key: Key | undefined,
): Promise<WriteOffRow | undefined> {
  const owner = await ownerOf(ctx, username);
  if (ctx.request) ctx.request.subject = owner;
  if (owner === ctx.actor.id) throw ownDebt();
  refuseTooLarge(ctx, amount, currency);
  const [id, at, columns] = [newId(), ctx.clock.now(), keyColumns(key)];
  const row = sql`due as (
    insert into wallet.write_offs (id, owner, currency, amount, reason, decided_by, principal, idempotency_key, body_hash, at)
    values (${id}, ${owner}, ${currency}, ${amount}, ${reason}, ${ctx.actor.id}, ${columns.principal}, ${columns.idempotency_key}, ${columns.body_hash}, ${at})
    on conflict do nothing returning id)`;
  return ctx.db.transaction(async (tx) => {
    const [debt = 0] = await lockBalances(tx, [receivable(owner)], currency);
    if (amount > -debt) throw owesLess({ currency, owed: -debt });
    const transfers = [{ debit: losses, credit: receivable(owner), amount, kind: 'write-off' as const }];
    const posted = await post(tx, { key: `write-off:${id}`, cause: { kind: 'write-off', id }, currency, transfers, at }, row);
    return posted ? { id, amount, currency, reason, body_hash: columns.body_hash } : undefined;
  });
}

const writeOffByKey = (db: Database, key: Key): Promise<WriteOffRow | undefined> =>
  db.maybe(sql`
    select id, currency, amount, reason, body_hash from wallet.write_offs
    where principal = ${key.principal} and idempotency_key = ${key.value}`);
