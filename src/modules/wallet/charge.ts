import { z } from 'zod';
import { type Database, sql } from '#kernel/database.ts';
import { keyColumns } from '#kernel/idempotency.ts';
import { leased } from '#kernel/lease.ts';
import { Currency, PositiveAmount } from '#kernel/money.ts';
import { problem } from '#kernel/problems.ts';
import type { Key } from '#kernel/routes.ts';
import { Id } from '#kernel/shapes.ts';
import { type ChargeState, chargeMachine } from './charge-state.ts';

export const ChargeWallet = z.strictObject({
  amount: PositiveAmount,
  currency: Currency,
  gateway: z.string().max(40).default('simulated').meta({ example: 'simulated' }),
  source: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: 'A card number of the simulated gateway, or the token of a real one', example: '4242424242424242' }),
});

export const Charge = z
  .object({ id: Id, state: z.enum(['pending', 'succeeded']).meta({ example: 'succeeded' }), amount: z.int(), currency: Currency })
  .meta({ id: 'Charge' });
export type Charge = z.infer<typeof Charge>;

export const unknownGateway = problem({
  code: 'wallet/unknown-gateway',
  status: 409,
  title: 'No such payment gateway',
  members: { gateway: z.string(), gateways: z.array(z.string()) },
  detail: ({ gateway, gateways }) => `There is no gateway ${gateway} here. There are: ${gateways.join(', ')}.`,
});

export const chargeDeclined = problem({
  code: 'wallet/charge-declined',
  status: 402,
  title: 'The gateway declined the charge',
  members: { reason: z.string() },
  detail: ({ reason }) => `${reason} Nothing was charged; try another card.`,
});

/** What the ciphertext of a source is bound to. */
export const sourcePlace = (chargeId: string): string => `wallet.charge-source${chargeId}`;

export interface ChargeRow {
  id: string;
  owner: string;
  gateway: string;
  currency: z.infer<typeof Currency>;
  amount: number;
  state: ChargeState;
  decline_reason: string | null;
  source_sealed: string | null;
  body_hash: string | null;
  lease_until: Date;
}

const COLUMNS = sql`id, owner, gateway, currency, amount, state, decline_reason, source_sealed, body_hash, lease_until`;

/**
 * Writes the charge before anybody is asked for money. @returns undefined when a call with this key made one before, or the
 * wallet would hold more than `largest`, charges under way included.
 */
export function draftCharge(
  db: Database,
  row: Omit<ChargeRow, 'state' | 'decline_reason' | 'body_hash'> & { at: Date; largest: number },
  key: Key | undefined,
): Promise<ChargeRow | undefined> {
  const columns = keyColumns(key);
  return db.maybe<ChargeRow>(sql`
    insert into wallet.charges (id, owner, gateway, currency, amount, state, source_sealed, principal, idempotency_key, body_hash, at, lease_until)
    select ${row.id}::uuid, ${row.owner}, ${row.gateway}, ${row.currency}, ${row.amount}::bigint, 'pending', ${row.source_sealed}::text,
           ${columns.principal}::text, ${columns.idempotency_key}::text, ${columns.body_hash}::text, ${row.at}::timestamptz, ${row.lease_until}::timestamptz
    where ${row.amount}::bigint
      + coalesce((select sum(balance) from wallet.accounts where owner = ${row.owner} and currency = ${row.currency} and purpose in ('available', 'held')), 0)
      + coalesce((select sum(amount) from wallet.charges where owner = ${row.owner} and currency = ${row.currency} and state = 'pending'), 0)
      <= ${row.largest}::bigint
    on conflict do nothing returning ${COLUMNS}`);
}

export const chargeByKey = (db: Database, key: Key): Promise<ChargeRow | undefined> =>
  db.maybe(sql`select ${COLUMNS} from wallet.charges where principal = ${key.principal} and idempotency_key = ${key.value}`);

export const findCharge = (db: Database, id: string): Promise<ChargeRow | undefined> =>
  db.maybe(sql`select ${COLUMNS} from wallet.charges where id = ${id}`);

/** Charges that no gateway has answered. */
export const pendingCharges = leased(chargeMachine, ['succeed'], { returning: COLUMNS });

/** Ends the lease of a runner that could not finish, unless another has taken the charge over. */
export const letGoOfCharge = (db: Database, { id, lease_until }: ChargeRow, now: Date): Promise<number> =>
  db.execute(
    sql`update wallet.charges set lease_until = ${now} where id = ${id} and lease_until = ${lease_until} and ${chargeMachine.allows('succeed')}`,
  );

export const markDeclined = (db: Database, id: string, reason: string): Promise<number> =>
  db.execute(
    sql`update wallet.charges set state = 'declined', decline_reason = ${reason}, source_sealed = null where id = ${id} and ${chargeMachine.allows('decline')}`,
  );
