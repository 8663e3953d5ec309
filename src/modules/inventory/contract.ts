import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { problem } from '#kernel/problems.ts';
import { Id, IsNew, Time } from '#kernel/shapes.ts';

/** Units of a variant. `available` is what can still be sold: on hand less reserved. */
export const Level = z.object({ variantId: Id, onHand: z.int(), reserved: z.int(), available: z.int(), version: z.int() });
export type Level = z.infer<typeof Level>;

export const Quantity = z.int('must be a whole number of units').min(1).max(100_000).meta({ description: 'Units', example: 2 });

/** What is wanted: lines of the same variant are summed before stock is looked at. */
export const StockLine = z.object({ variantId: Id, quantity: Quantity });

export const outOfStock = problem({
  code: 'inventory/out-of-stock',
  status: 409,
  title: 'Not enough units in stock',
  members: { variantIds: z.array(z.string()) },
  detail: ({ variantIds }) => `There are not enough units of: ${variantIds.join(', ')}. Order fewer, or another product.`,
});

export const stockBelowZero = problem({
  code: 'inventory/below-zero',
  status: 409,
  title: 'Stock cannot go below zero',
  members: { available: z.int() },
  detail: ({ available }) => `Only ${available} ${available === 1 ? 'unit is' : 'units are'} available to be removed.`,
});

/** The most units of one variant that can be on hand; more is taken for a typing mistake. */
export const MOST_ON_HAND = 1_000_000_000;

export const tooMuchStock = problem({
  code: 'inventory/too-much-stock',
  status: 409,
  title: 'More units than can be counted',
  members: { onHand: z.int() },
  detail: ({ onHand }) => `A variant has at most ${MOST_ON_HAND} units on hand; there are ${onHand}.`,
});

/** The key was released (or never took effect and was given up): what comes late under it is refused. */
export const reservationEnded = problem({
  code: 'inventory/reservation-ended',
  status: 409,
  title: 'The reservation has ended',
  detail: 'The reservation was released, or the time to confirm it is over.',
});

/** Fresh levels of variants whose stock changed. A reader keeps the one with the highest version. */
export const levelsChanged = event(
  'inventory.levels-changed',
  1,
  z.object({ levels: z.array(z.object({ variantId: Id, available: z.int(), version: z.int() })) }),
);

/** What a public page shows that tells the current stock of a variant. */
export const stockTopic = (variantId: string): string => `stock:${variantId}`;

export const Movement = z.object({
  id: Id,
  variantId: Id,
  change: z.int().meta({ description: 'Units added (or taken, when negative)' }),
  onHand: z.int().meta({ description: 'Units on hand afterwards' }),
  reason: z.string(),
  at: Time,
});

export type Movement = z.infer<typeof Movement>;

/** It is done, and there is nothing else to report. */
const Done = z.object({});
export type Done = z.infer<typeof Done>;

const Keyed = z.object({ key: Id });

const StockChange = z.object({ key: Id, variantId: Id, change: z.int(), reason: z.string() });
const StockChanges = z
  .array(StockChange)
  .min(1)
  .max(500)
  .refine((changes) => new Set(changes.map(({ variantId }) => variantId)).size === changes.length, 'names a variant twice')
  .refine((changes) => new Set(changes.map(({ key }) => key)).size === changes.length, 'has a key twice');
const Lines = z.array(StockLine).min(1).max(100);

export const inventory = contract('inventory', {
  operations: {
    /** Levels of variants; unknown ones are left out. */
    levels: operation({ input: z.object({ variantIds: z.array(Id).max(1000) }), output: z.array(Level) }),
    /** Begins to keep stock of variants. Repeating it changes nothing. */
    open: operation({
      input: z.object({ variants: z.array(z.object({ variantId: Id, onHand: z.int().min(0).max(MOST_ON_HAND) })).max(500) }),
      output: Done,
    }),
    /** Adds or removes units, with a reason, once per key. Never below what is reserved. */
    change: operation({
      input: StockChange,
      output: z.object({ movement: Movement, replayed: z.boolean() }),
      problems: [stockBelowZero, tooMuchStock],
    }),
    /**
     * The same for many variants, in one statement: each change happens or is refused by itself, once per key. Answers are in the order of
     * the changes; `free` of a refusal is what could have been removed, and null where no stock is kept of the variant.
     */
    changeMany: operation({
      input: z.object({ changes: StockChanges }),
      output: z.array(
        z.object({
          key: Id,
          outcome: z.enum(['changed', 'replayed', 'below-zero', 'too-much', 'unknown']),
          free: z.int().nullable(),
        }),
      ),
    }),
    /** The movement with that id, which is the key of the change that made it. */
    movement: operation({ input: z.object({ id: Id }), output: z.object({ movement: Movement.nullable() }) }),
    /** Writes off what is free of variants that are sold no more; their history stays. Repeating it changes nothing. */
    close: operation({ input: z.object({ variantIds: z.array(Id).max(500) }), output: Done }),
    /** The history of variants, newest first, after the movement with that id. */
    movements: operation({
      input: z.object({ variantIds: z.array(Id).max(500), after: Id.nullable(), limit: z.int() }),
      output: z.array(Movement),
    }),
    /** Sells units: all lines or none, once per key. */
    take: operation({ input: Keyed.extend({ isNew: IsNew, lines: Lines }), output: Done, problems: [outOfStock, reservationEnded] }),
    /** Reserves units until `expiresAt`. Then `confirm` sells them, or `release` or the end of the time makes them available again. */
    reserve: operation({ input: Keyed.extend({ lines: Lines, expiresAt: Time }), output: Done, problems: [outOfStock, reservationEnded] }),
    confirm: operation({ input: Keyed, output: Done, problems: [reservationEnded] }),
    /** Returns all units that the key took or reserved. An unknown key is remembered, so that a late `take` with it is refused. */
    release: operation({ input: Keyed, output: Done }),
    /** Brings sold units back on hand, once per key. `of` is the key that sold them, where one did: an order, for example. */
    putBack: operation({
      input: Keyed.extend({ of: Id.optional(), lines: Lines, reason: z.string().min(1).max(500) }),
      output: Done,
    }),
  },
  events: { levelsChanged },
});
