import { z } from 'zod';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import { leased } from '#kernel/lease.ts';
import { Currency, PositiveAmount } from '#kernel/money.ts';
import { problem } from '#kernel/problems.ts';
import type { Key } from '#kernel/routes.ts';
import { Id, line, Time } from '#kernel/shapes.ts';
import { external, type Journal, payable } from './ledger.ts';
import { type PayoutState, payoutMachine } from './payout-state.ts';

export const RequestPayout = z.strictObject({
  amount: PositiveAmount,
  currency: Currency,
  destination: line(200).min(1).optional().meta({
    description: 'The account that the bank sends to, by a name that it knows; without one, the account on file',
    example: 'TN59 1000 6035 1835 9847 8831',
  }),
});

export const Payout = z
  .object({
    id: Id,
    state: payoutMachine.State.meta({ example: 'pending' }),
    amount: z.int(),
    currency: Currency,
    owner: z.object({ id: Id, username: z.string() }),
    reason: z.string().nullable().meta({ description: 'Why it was rejected, or could not be sent', example: null }),
    createdAt: Time,
    endedAt: Time.nullable(),
  })
  .meta({ id: 'Payout' });
export type Payout = z.infer<typeof Payout>;

export const payableTooSmall = problem({
  code: 'wallet/payable-too-small',
  status: 409,
  title: 'Less can be paid out',
  members: { currency: z.string(), payable: z.int(), needed: z.int() },
  detail: ({ currency, payable, needed }) =>
    `${payable} ${currency} (minor units) can be paid out, after what you owe; ${needed} were asked for. Sales count from their delivery.`,
});

export const ownPayout = problem({
  code: 'wallet/own-payout',
  status: 403,
  title: 'Somebody else must decide',
  detail: 'Nobody approves or rejects their own payout. Ask another person who may approve payouts.',
});

/** What the ciphertext of a destination is bound to. */
export const destinationPlace = (payoutId: string): string => `wallet.payout-destination${payoutId}`;

export interface PayoutRow {
  id: string;
  owner: string;
  currency: z.infer<typeof Currency>;
  amount: number;
  state: PayoutState;
  destination_sealed: string | null;
  decided_by: string | null;
  reason: string | null;
  failure: string | null;
  body_hash: string | null;
  at: Date;
  ended_at: Date | null;
  lease_until: Date;
}

const COLUMNS = sql`id, owner, currency, amount, state, destination_sealed, decided_by, reason, failure, body_hash, at, ended_at, lease_until`;

/** Payouts that the bank has not answered. */
export const pendingPayouts = leased(payoutMachine, ['send'], { returning: COLUMNS });

export const payoutByKey = (db: Database, key: Key): Promise<PayoutRow | undefined> =>
  db.maybe(sql`select ${COLUMNS} from wallet.payouts where principal = ${key.principal} and idempotency_key = ${key.value}`);

/** `owner` null finds anybody's. */
export const findPayout = (db: Database, id: string, owner: string | null, lock: Sql = sql``): Promise<PayoutRow | undefined> =>
  db.maybe(sql`select ${COLUMNS} from wallet.payouts where id = ${id} and (${owner}::text is null or owner = ${owner}) ${lock}`);

export const payoutsPage = (which: {
  owner: string | null;
  state: PayoutState | undefined;
  after: string | null;
  rows: number;
}): Sql => sql`
  select ${COLUMNS} from wallet.payouts
  where true ${which.owner === null ? sql`` : sql`and owner = ${which.owner}`} ${which.state === undefined ? sql`` : sql`and state = ${which.state}`}
    ${which.after === null ? sql`` : sql`and id < ${which.after}`}
  order by id desc limit ${which.rows}`;

export const payoutView = (row: PayoutRow, username: string): Payout => ({
  id: row.id,
  state: row.state,
  amount: row.amount,
  currency: row.currency,
  owner: { id: row.owner, username },
  reason: row.reason ?? row.failure,
  createdAt: row.at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
});

/** What a payout that is not sent brings back to its owner. */
export const returnJournal = ({ id, owner, currency, amount }: PayoutRow, at: Date): Journal => ({
  key: `payout-return:${id}`,
  cause: { kind: 'payout', id },
  currency,
  transfers: [{ debit: external('payout'), credit: payable(owner), amount, kind: 'payout-return' }],
  at,
});

/** The CTE of a journal that ends a payout. */
export const ending = (id: string, command: 'fail' | 'reject', changes: Sql, at: Date): Sql => sql`due as (
  update wallet.payouts set ${changes}, destination_sealed = null, ended_at = ${at} where id = ${id} and ${payoutMachine.allows(command)} returning id)`;
