import { z } from 'zod';
import { type Database, sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { keyColumns, once, sameCall } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import { Currency, PositiveAmount } from '#kernel/money.ts';
import { problem } from '#kernel/problems.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import { Id, line } from '#kernel/shapes.ts';
import type { Wallet } from './context.ts';
import { payBackJob } from './jobs.ts';
import { available, external, post } from './ledger.ts';
import { refuseTooLarge } from './limits.ts';
import { ownerOf } from './owner.ts';

export const DeductWallet = z.strictObject({
  amount: PositiveAmount,
  currency: Currency,
  reason: line(500).optional().meta({ example: 'Paid out to my card' }),
});

export const Deduction = z
  .object({ id: Id, kind: z.enum(['withdrawal', 'correction']), amount: z.int(), currency: Currency, reason: z.string().nullable() })
  .meta({ id: 'Deduction' });
type Deduction = z.infer<typeof Deduction>;

export const reasonNeeded = problem({
  code: 'wallet/reason-needed',
  status: 409,
  title: 'The reason is missing',
  detail: "A correction of another person's wallet needs a reason. The owner can read it.",
});

interface DeductionRow {
  id: string;
  kind: 'withdrawal' | 'correction';
  amount: number;
  currency: z.infer<typeof Currency>;
  reason: string | null;
  body_hash: string | null;
}

const COLUMNS = sql`id, kind, amount, currency, reason, body_hash`;

/**
 * Takes money out of a wallet: the owner's own goes back to the gateway it last came from, the staff's is a correction with
 * a reason. The money leaves the wallet first; then a job calls the gateway, with the same key, until it has answered.
 */
export const deductWallet = (
  ctx: Wallet,
  username: string,
  input: z.infer<typeof DeductWallet>,
  key: Key | undefined,
): Promise<Deduction | Replayed<Deduction>> =>
  once<DeductionRow, Deduction>(key, {
    make: () => deduct(ctx, username, input, key),
    find: (known) => sameCall(known, deductionByKey(ctx.db, known)),
    answer: ({ id, kind, amount, currency, reason }) => ({ id, kind, amount, currency, reason }),
  });

async function deduct(
  ctx: Wallet,
  username: string,
  input: z.infer<typeof DeductWallet>,
  key: Key | undefined,
): Promise<DeductionRow | undefined> {
  const owner = await ownerOf(ctx, username);
  const kind = owner === ctx.actor.id ? 'withdrawal' : 'correction';
  if (kind === 'correction' && !input.reason) throw reasonNeeded();
  refuseTooLarge(ctx, input.amount, input.currency);
  return ctx.db.transaction(async (tx) => {
    const id = newId();
    const gateway = kind === 'correction' ? 'correction' : await lastGateway(tx, owner);
    const columns = keyColumns(key);
    const row = sql`due as (
      insert into wallet.deductions (id, owner, kind, gateway, currency, amount, reason, principal, idempotency_key, body_hash, at)
      values (${id}, ${owner}, ${kind}, ${gateway}, ${input.currency}, ${input.amount}, ${input.reason ?? null},
              ${columns.principal}, ${columns.idempotency_key}, ${columns.body_hash}, ${ctx.clock.now()})
      on conflict do nothing returning id)`;
    const transfers = [{ debit: available(owner), credit: external(gateway), amount: input.amount, kind }] as const;
    const cause = { kind: kind === 'withdrawal' ? ('deduct' as const) : ('correction' as const), id };
    const posted = await post(tx, { key: `deduct:${id}`, cause, currency: input.currency, transfers, at: ctx.clock.now() }, row);
    if (!posted) return undefined;
    if (kind === 'withdrawal') enqueue(tx, payBackJob, { deductionId: id, gateway, amount: input.amount, currency: input.currency });
    return { id, kind, amount: input.amount, currency: input.currency, reason: input.reason ?? null, body_hash: columns.body_hash };
  });
}

const deductionByKey = (db: Database, key: Key): Promise<DeductionRow | undefined> =>
  db.maybe(sql`select ${COLUMNS} from wallet.deductions where principal = ${key.principal} and idempotency_key = ${key.value}`);

const lastGateway = async (db: Database, owner: string): Promise<string> =>
  (
    await db.maybe<{ gateway: string }>(
      sql`select gateway from wallet.charges where owner = ${owner} and state = 'succeeded' order by at desc limit 1`,
    )
  )?.gateway ?? 'simulated';
