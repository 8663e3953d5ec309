import type { z } from 'zod';
import { hours } from '#kernel/clock.ts';
import { type Sql, sql } from '#kernel/database.ts';
import { emit, enqueue } from '#kernel/events.ts';
import { keyColumns, once, sameCall } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import { payoutWaiting } from '#wallet';
import type { Wallet } from './context.ts';
import { sendPayoutJob } from './jobs.ts';
import { external, lockBalances, payable, post, receivable, type Transfer } from './ledger.ts';
import { refuseTooLarge } from './limits.ts';
import { destinationPlace, type Payout, type PayoutRow, payableTooSmall, payoutByKey, payoutView, type RequestPayout } from './payout.ts';

const LIMIT_COUNTS_MS = hours(24);

/**
 * Asks for a payout of the caller's own money: `payable` -> `external:payout` at once, so that it cannot be asked for twice. First what
 * the caller owes is subtracted (netting). Above the limit it waits for the approval of another person; else a job tells the bank. The limit
 * counts what was asked for in the 24 hours before, so that splitting an amount does not get below it.
 */
export const requestPayout = (
  ctx: Wallet,
  input: z.infer<typeof RequestPayout>,
  key: Key | undefined,
): Promise<Payout | Replayed<Payout>> =>
  once<PayoutRow, Payout>(key, {
    make: () => draftPayout(ctx, input, key),
    find: (known) => sameCall(known, payoutByKey(ctx.db, known)),
    answer: (row) => payoutView(row, ctx.actor.username),
  });

async function draftPayout(ctx: Wallet, input: z.infer<typeof RequestPayout>, key: Key | undefined): Promise<PayoutRow | undefined> {
  const { amount, currency, destination } = input;
  refuseTooLarge(ctx, amount, currency);
  const [id, owner, at] = [newId(), ctx.actor.id, ctx.clock.now()];
  const columns = keyColumns(key);
  const sealed = destination === undefined ? null : ctx.secrets.seal(destination, destinationPlace(id));
  const row = (state: PayoutRow['state']) => sql`due as (
    insert into wallet.payouts (id, owner, currency, amount, state, destination_sealed, principal, idempotency_key, body_hash, at, lease_until)
    values (${id}, ${owner}, ${currency}, ${amount}, ${state}, ${sealed}, ${columns.principal}, ${columns.idempotency_key}, ${columns.body_hash}, ${at}, ${at})
    on conflict do nothing returning id)`;
  if (ctx.request) ctx.request.subject = id;
  return ctx.db.transaction(async (tx) => {
    const [owed = 0, debt = 0] = await lockBalances(tx, [payable(owner), receivable(owner)], currency);
    const netted = Math.min(owed, -debt);
    if (amount > owed - netted) throw payableTooSmall({ currency, payable: owed - netted, needed: amount });
    const { asked } = await tx.one<{ asked: number }>(askedSince(owner, currency, new Date(at.getTime() - LIMIT_COUNTS_MS)));
    const state = asked + amount > ctx.settings.payoutApprovalAbove[currency] ? 'waiting' : 'pending';
    const transfers: Transfer[] = [{ debit: payable(owner), credit: external('payout'), amount, kind: 'payout' }];
    if (netted > 0) transfers.push({ debit: payable(owner), credit: receivable(owner), amount: netted, kind: 'netting' });
    if (!(await post(tx, { key: `payout:${id}`, cause: { kind: 'payout', id }, currency, transfers, at }, row(state)))) return undefined;
    if (state === 'pending') enqueue(tx, sendPayoutJob, { payoutId: id });
    else emit(tx, payoutWaiting, id, { payoutId: id, owner, currency, amount });
    return {
      ...{ id, owner, currency, amount, state, at, lease_until: at, destination_sealed: sealed, body_hash: columns.body_hash },
      ...{ decided_by: null, reason: null, failure: null, ended_at: null },
    };
  });
}

/** What an owner has asked for since then, without what came back. */
export const askedSince = (owner: string, currency: string, since: Date): Sql => sql`
  select coalesce(sum(amount), 0)::bigint as asked from wallet.payouts
  where owner = ${owner} and currency = ${currency} and at > ${since} and state not in ('failed', 'rejected')`;
