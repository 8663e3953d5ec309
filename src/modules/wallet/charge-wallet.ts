import type { z } from 'zod';
import { seconds } from '#kernel/clock.ts';
import { sql } from '#kernel/database.ts';
import { once, sameCall } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import { leaseEnd, resumeOrWait, resumeStale } from '#kernel/lease.ts';
import { unavailable } from '#kernel/problems.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import { balanceTooLarge } from '#wallet';
import {
  type Charge,
  type ChargeRow,
  type ChargeWallet,
  chargeByKey,
  chargeDeclined,
  draftCharge,
  findCharge,
  letGoOfCharge,
  markDeclined,
  pendingCharges,
  sourcePlace,
  unknownGateway,
} from './charge.ts';
import { chargeMachine } from './charge-state.ts';
import { closureOf } from './closed-owner.ts';
import type { Wallet } from './context.ts';
import { available, external, post } from './ledger.ts';
import { refuseTooLarge } from './limits.ts';
import { ownerOf } from './owner.ts';

/** How long a charge may stay pending before the timer resumes it. Longer than a gateway takes to answer. */
const LEASE_MS = seconds(15);

/**
 * Tops a wallet up: the row first, then the gateway, then `external:<gateway>` -> `available`. After a crash the gateway is asked
 * again about a pending charge with the same key, so it takes the money once and the ledger gets it once.
 */
export const chargeWallet = (
  ctx: Wallet,
  username: string,
  input: z.infer<typeof ChargeWallet>,
  key: Key | undefined,
): Promise<Charge | Replayed<Charge>> =>
  once<ChargeRow, Charge>(key, {
    make: () => draftOf(ctx, username, input, key),
    find: (known) => sameCall(known, chargeByKey(ctx.db, known)),
    answer: async (row, isFirst) => answer(await (isFirst ? settleNow(ctx, row) : settled(ctx, row))),
  });

/** Checks a charge and writes it. @throws every refusal that needs no gateway, before a gateway is asked. */
async function draftOf(
  ctx: Wallet,
  username: string,
  input: z.infer<typeof ChargeWallet>,
  key: Key | undefined,
): Promise<ChargeRow | undefined> {
  if (!Object.hasOwn(ctx.payments, input.gateway)) throw unknownGateway({ gateway: input.gateway, gateways: Object.keys(ctx.payments) });
  const { source, ...rest } = input;
  refuseTooLarge(ctx, rest.amount, rest.currency);
  const owner = await ownerOf(ctx, username);
  const id = newId();
  const largest = ctx.settings.largestBalances[rest.currency];
  const sealed = ctx.secrets.seal(source, sourcePlace(id));
  const row = await draftCharge(
    ctx.db,
    { ...rest, id, owner, source_sealed: sealed, at: ctx.clock.now(), lease_until: leaseEnd(ctx, LEASE_MS), largest },
    key,
  );
  if (!row && !(key && (await chargeByKey(ctx.db, key)))) throw balanceTooLarge({ currency: rest.currency, largest });
  return row;
}

/** For a call: what it cannot finish is free at once for whoever asks again. */
const settleNow = (ctx: Wallet, row: ChargeRow): Promise<ChargeRow> =>
  settleCharge(ctx, row).catch(async (error) => {
    await letGoOfCharge(ctx.db, row, ctx.clock.now());
    throw error;
  });

/** What became of a charge that another call made; while the gateway is being asked about it, that is waited for. */
const settled = (ctx: Wallet, found: ChargeRow): Promise<ChargeRow> =>
  resumeOrWait(ctx, pendingCharges, found, {
    leaseMs: LEASE_MS,
    isOpen: ({ state }) => state === 'pending',
    resume: (row) => settleNow(ctx, row),
    find: () => findCharge(ctx.db, found.id),
  });

/** Asks the gateway and books its answer. Safe to run twice, even at once. */
async function settleCharge(ctx: Wallet, row: ChargeRow): Promise<ChargeRow> {
  const closure = await closureOf(ctx.db, row.owner);
  if (closure === 'closing') throw unavailable({ retryAfterSeconds: 15 }); // decided when the account is open again, or gone
  if (closure === 'closed') return declineUnasked(ctx, row);
  const money = { amount: row.amount, currency: row.currency };
  const source = ctx.secrets.unseal(row.source_sealed ?? '', sourcePlace(row.id));
  const result = await ctx.payments[row.gateway]!.charge({ key: row.id, money, source }).catch((error) => {
    ctx.log.warn({ err: error, charge: row.id }, 'the gateway does not answer; the timer tries again');
    throw unavailable({ retryAfterSeconds: 15 });
  });
  if (ctx.request && result.outcome === 'declined') ctx.request.refusedWith = chargeDeclined.status;
  await ctx.db.transaction(async (tx) => {
    if (result.outcome === 'declined') return void (await markDeclined(tx, row.id, result.reason));
    const transfers = [{ debit: external(row.gateway), credit: available(row.owner), amount: row.amount, kind: 'charge' as const }];
    const settled = sql`due as (update wallet.charges set state = 'succeeded', source_sealed = null where id = ${row.id} and ${chargeMachine.allows('succeed')} returning id)`;
    await post(
      tx,
      { key: `charge:${row.id}`, cause: { kind: 'charge', id: row.id }, currency: row.currency, transfers, at: ctx.clock.now() },
      settled,
    );
  });
  return { ...row, state: result.outcome, decline_reason: result.outcome === 'declined' ? result.reason : null };
}

/** A charge that came after its owner was found to have none under way: no gateway has heard of it (see closed-owner.ts). */
async function declineUnasked(ctx: Wallet, row: ChargeRow): Promise<ChargeRow> {
  const reason = 'The account is closed.';
  if (ctx.request) ctx.request.refusedWith = chargeDeclined.status;
  await markDeclined(ctx.db, row.id, reason);
  return { ...row, state: 'declined', decline_reason: reason };
}

/** Finishes charges that a crash, or a gateway that did not answer, left pending. */
export const resumeCharges = (ctx: Wallet): Promise<void> =>
  resumeStale(ctx, pendingCharges, { leaseMs: LEASE_MS, resume: (row: ChargeRow) => settleCharge(ctx, row) });

function answer(row: ChargeRow): Charge {
  if (row.state === 'declined') throw chargeDeclined({ reason: row.decline_reason ?? '' });
  return { id: row.id, state: row.state, amount: row.amount, currency: row.currency };
}
