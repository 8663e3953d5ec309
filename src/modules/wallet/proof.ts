import { minutes } from '#kernel/clock.ts';
import { sql } from '#kernel/database.ts';
import { unavailable } from '#kernel/problems.ts';
import type { Proof } from '#wallet';
import { brokenCheckpoints, digestKey } from './checkpoint-rows.ts';
import type { Wallet } from './context.ts';
import { recomputeAll } from './full-proof.ts';
import { noteProof } from './last-proof.ts';
import { type Counts, countSinceCheckpoint } from './quick-proof.ts';

const TOO_LONG = 'The proof takes longer than a minute. Use `souk ledger verify`, which has no such limit.';

/** A statement of the proof of many millions of transfers takes longer than others may. */
export const LONG_MS = minutes(30);

/** Who waits for a reply over HTTP is told to use the command line after this. */
export const LIMIT_OF_A_CALL_MS = minutes(1);

/**
 * Checks the six rules of docs (money) over all that the ledger holds, while purchases go on. Everything since the newest
 * checkpoint is recomputed from the transfers; of what is older, keyed digests show whether any row was changed. With `full`,
 * all of it is recomputed, and no stored figure is trusted. Everything is read from one snapshot.
 *
 * @throws unavailable after `limitMs`, if one is given, or while another full proof is being made.
 */
export async function proveLedger(ctx: Wallet, { full = false, limitMs }: { full?: boolean; limitMs?: number }): Promise<Proof> {
  const key = digestKey(ctx);
  const brokenCheckpoint = await brokenCheckpoints(ctx, full);
  const over = limitMs === undefined ? undefined : AbortSignal.timeout(limitMs);
  const goOn = (): void => {
    if (over?.aborted) throw unavailable({ retryAfterSeconds: 60, reason: TOO_LONG });
  };
  const proven = ctx.db.transaction(async (tx): Promise<Counts> => {
    await tx.execute(sql`set transaction isolation level repeatable read`);
    await tx.execute(sql`
      select set_config('statement_timeout', ${String(limitMs ?? LONG_MS)}, true), set_config('max_parallel_workers_per_gather', '2', true),
             set_config('work_mem', '64MB', true)`);
    const recomputed = full ? await recomputeAll(ctx, tx, goOn) : {};
    return { ...(await countSinceCheckpoint(tx, key, full)), ...recomputed };
  });
  const c = await proven.catch((error) => {
    goOn(); // a statement that was cut off says so in words of its own
    throw error;
  });
  const rule = (name: string, violations: number[], figures: Record<string, number | Record<string, number>>) => ({
    rule: name,
    ok: violations.every((count) => count === 0),
    figures: figures as Proof['rules'][number]['figures'],
  });
  const rules = [
    rule(
      '1. Transfers are append-only, keep their currency, and every stored balance equals their sum; all sums are zero',
      [
        c.wrong_balances,
        c.wrong_rollups,
        c.wrong_currencies,
        c.wrong_times,
        c.changed_transfers,
        c.changed_sums,
        brokenCheckpoint,
        ...Object.values(c.sums),
      ],
      {
        accounts: c.accounts,
        transfers: c.transfers,
        wrongBalances: c.wrong_balances,
        wrongRollups: c.wrong_rollups,
        wrongCurrencies: c.wrong_currencies,
        wrongTimes: c.wrong_times,
        checkpoint: c.checkpoint,
        changedTransfers: c.changed_transfers,
        changedSums: c.changed_sums,
        brokenCheckpoints: brokenCheckpoint,
        sums: c.sums,
      },
    ),
    rule('2. No guarded account is negative', [c.negative], { negative: c.negative }),
    rule('3. A key takes effect once', [c.repeated_keys], { journals: c.journals, repeatedKeys: c.repeated_keys }),
    rule('4. What is held equals the open holds; no escrow without its deal', [c.wrong_held, c.stray_escrow], {
      openHolds: c.open_holds,
      wrongHeld: c.wrong_held,
      strayEscrow: c.stray_escrow,
    }),
    rule('5. A journal names its cause and is whole', [c.nameless_journals, c.broken_journals, c.stray_transfers, c.changed_journals], {
      changedJournals: c.changed_journals,
      namelessJournals: c.nameless_journals,
      brokenJournals: c.broken_journals,
      strayTransfers: c.stray_transfers,
    }),
    rule(
      '6. Captured, refunded, released, delivered and paid out never exceed what was put in',
      [
        c.exceeded_holds,
        c.exceeded_shares,
        c.wrong_payments,
        c.wrong_deliveries,
        c.wrong_payers,
        c.changed_payments,
        c.changed_holds,
        c.wrong_refunds,
        c.wrong_delivery_moves,
        c.wrong_payouts,
        c.wrong_payout_moves,
        c.wrong_write_offs,
        c.wrong_hold_moves,
        c.wrong_hold_times,
      ],
      {
        changedPayments: c.changed_payments,
        changedHolds: c.changed_holds,
        wrongRefunds: c.wrong_refunds,
        wrongDeliveryMoves: c.wrong_delivery_moves,
        wrongPayouts: c.wrong_payouts,
        wrongPayoutMoves: c.wrong_payout_moves,
        wrongWriteOffs: c.wrong_write_offs,
        wrongHoldMoves: c.wrong_hold_moves,
        wrongHoldTimes: c.wrong_hold_times,
        exceededHolds: c.exceeded_holds,
        exceededShares: c.exceeded_shares,
        wrongPayments: c.wrong_payments,
        wrongDeliveries: c.wrong_deliveries,
        wrongPayers: c.wrong_payers,
      },
    ),
  ];
  const ok = rules.every((rule) => rule.ok);
  if (ok) await noteProof(ctx);
  return { ok, full, checkedAt: ctx.clock.now().toISOString(), rules };
}
