import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { Id } from '#kernel/shapes.ts';

/** What is put into a text: words, a number, or money in minor units; a paragraph with a null is left out. */
export const NoticeValues = z.record(
  z.string().max(40),
  z.union([z.string().max(2000), z.number(), z.object({ amount: z.int(), currency: z.string().length(3) }), z.null()]),
);

/** What is told to those who asked for it. */
export const askedFor = ['back-in-stock', 'price-fell'] as const;

export const notifications = contract('notifications', {
  operations: {
    /**
     * Tells a person something, once per key, by the channels that the kind uses and the person has not turned off. Accounts that are
     * suspended or being closed are told nothing.
     */
    notify: operation({
      input: z.object({ key: z.string().min(1).max(200), accountId: Id, kind: z.enum(['webhook-paused']), values: NoticeValues }),
      output: z.object({}),
    }),
    /** Tells many people what they asked to be told, each once per key; in two statements for at most 500. */
    notifyAll: operation({
      input: z.object({
        kind: z.enum(askedFor),
        values: NoticeValues,
        notices: z.array(z.object({ key: z.string().min(1).max(200), accountId: Id })).max(500),
      }),
      output: z.object({}),
    }),
  },
});
