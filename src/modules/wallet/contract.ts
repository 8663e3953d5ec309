import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { Currency, PositiveAmount } from '#kernel/money.ts';
import { problem } from '#kernel/problems.ts';
import { Id, IsNew, Time } from '#kernel/shapes.ts';

export const insufficientFunds = problem({
  code: 'wallet/insufficient-funds',
  status: 409,
  title: 'Not enough money in the wallet',
  members: { currency: z.string(), available: z.int(), needed: z.int() },
  detail: ({ currency, available, needed }) =>
    `The wallet has ${available} ${currency} (minor units) to spend; ${needed} are needed. Charge it, or choose another payment.`,
});

export const amountTooLarge = problem({
  code: 'wallet/amount-too-large',
  status: 409,
  title: 'The amount is too large',
  members: { currency: z.string(), largest: z.int() },
  detail: ({ currency, largest }) => `One call moves at most ${largest} ${currency} (minor units).`,
});

export const balanceTooLarge = problem({
  code: 'wallet/balance-too-large',
  status: 409,
  title: 'The wallet would hold too much',
  members: { currency: z.string(), largest: z.int() },
  detail: ({ currency, largest }) => `A wallet holds at most ${largest} ${currency} (minor units). Nothing was moved.`,
});

export const holdEnded = problem({
  code: 'wallet/hold-ended',
  status: 409,
  title: 'The hold has ended',
  detail: 'The hold was captured or released, or it has expired.',
});

export const paymentCancelled = problem({
  code: 'wallet/payment-cancelled',
  status: 409,
  title: 'The payment was cancelled',
  detail: 'A payment with this key was cancelled before. It cannot take effect any more.',
});

export const exceedsPayment = problem({
  code: 'wallet/exceeds-payment',
  status: 409,
  title: 'The refund is larger than the payment',
  members: { left: z.int() },
  detail: ({ left }) => `At most ${left} (minor units) of this payment can still be refunded.`,
});

/** Who is paid: a seller, or the platform itself. */
const Payee = z.union([Id, z.literal('platform')]);

/** A payee's part of a sale. */
export const Share = z.object({
  payee: Payee,
  amount: PositiveAmount.meta({ description: 'What the buyer pays for this share' }),
  commission: z.int().min(0).meta({ description: 'The part of it that goes to the platform as its fee' }),
});

/** Counts by name. `sums` alone is a map, from currencies to sums. It is no union, because generators of Java cannot read one here. */
const Figures = z.object({ sums: z.record(z.string(), z.number().meta({ format: 'double' })).optional() }).catchall(z.int());

export const Proof = z
  .object({
    ok: z.boolean(),
    full: z.boolean(),
    checkedAt: Time,
    rules: z.array(z.object({ rule: z.string(), ok: z.boolean(), figures: Figures })),
  })
  .meta({ id: 'Proof', description: 'The six rules of the ledger, checked over the live data in one snapshot' });
export type Proof = z.infer<typeof Proof>;

export const StatementLine = z
  .object({
    journalId: Id,
    kind: z.string().meta({ example: 'sale' }),
    amount: z.int().meta({ description: 'Minor units: positive came in, negative went out', example: -2000 }),
    currency: Currency,
    cause: z.object({ kind: z.string(), id: z.string() }),
    at: Time,
  })
  .meta({ id: 'StatementLine' });

const Keyed = z.object({ key: Id });

export const paymentMade = event('wallet.payment-made', 1, z.object({ paymentId: Id, payer: Id, currency: Currency, amount: z.int() }));

const OfPayout = z.object({ payoutId: Id, owner: Id, currency: Currency, amount: z.int() });
export const payoutSent = event('wallet.payout-sent', 1, OfPayout);
/** The bank refused it, or a person rejected it: its money is payable again. */
export const payoutFailed = event('wallet.payout-failed', 1, OfPayout);
/** It is above the limit, and waits for the approval of another person. */
export const payoutWaiting = event('wallet.payout-waiting', 1, OfPayout);

export const wallet = contract('wallet', {
  operations: {
    /** Pays for a sale: from what the buyer has available to each share's payee. All or nothing, once per key. */
    pay: operation({
      input: Keyed.extend({ isNew: IsNew, payer: Id, currency: Currency, shares: z.array(Share).min(1).max(100) }),
      output: z.object({}),
      problems: [insufficientFunds, paymentCancelled, amountTooLarge],
    }),
    /** Gives up the payment of that key: what was paid goes back; what was never paid is refused from now on. */
    cancelPayment: operation({ input: Keyed, output: z.object({}) }),
    /** Of a payment: what is left of that share is owed to its payee from now on. Once per share: a second call changes nothing. */
    deliver: operation({ input: Keyed.extend({ paymentKey: Id, payee: Payee }), output: z.object({}) }),
    /** Books cash that a courier has collected for one shipment, as a payment under `key` that is delivered at once. Once per key. */
    collectCash: operation({
      input: Keyed.extend({ payer: Id, currency: Currency, share: Share }),
      output: z.object({}),
      problems: [paymentCancelled],
    }),
    /**
     * Gives back part of a payment to its payer, from one payee's share, once per key. Never more than was paid. `commission` is the
     * platform's part of the amount; without it the commission comes back in proportion. What the payee was paid already, it owes.
     */
    refund: operation({
      input: Keyed.extend({ paymentKey: Id, payee: Payee, amount: PositiveAmount, commission: z.int().min(0).optional() }),
      output: z.object({}),
      problems: [exceedsPayment, balanceTooLarge],
    }),
    /** Sets money aside: available -> held, until it is captured, released or `expiresAt`. */
    hold: operation({
      input: Keyed.extend({ owner: Id, currency: Currency, amount: PositiveAmount, reason: z.string(), expiresAt: Time.nullable() }),
      output: z.object({}),
      problems: [insufficientFunds, holdEnded, amountTooLarge],
    }),
    /** Pays from a hold, whole or part: held -> the payee. Once per key; several captures may follow each other. */
    capture: operation({
      input: Keyed.extend({ holdKey: Id, payee: Payee, amount: PositiveAmount }),
      output: z.object({}),
      problems: [holdEnded],
    }),
    /** Gives the rest of a hold back: held -> available. An unknown key is remembered, so that a late hold under it is refused. */
    releaseHold: operation({ input: Keyed, output: z.object({}) }),
    /** Checks the six rules of the ledger over the live data, in one snapshot. */
    prove: operation({ input: z.object({ full: z.boolean().optional() }), output: Proof }),
  },
  events: { paymentMade, payoutSent, payoutFailed, payoutWaiting },
});
