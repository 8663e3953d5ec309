import { z } from 'zod';
import type { OperationSpec } from './contracts.ts';
import { Id, Time } from './shapes.ts';

const explainedKinds = ['state', 'event', 'job', 'transfer', 'mail', 'webhook', 'stock', 'audit'] as const;

/** Something that happened to an order, for a person to read: ids and figures, and no personal data beside what staff wrote about it. */
export const Explained = z.object({
  at: Time,
  kind: z.enum(explainedKinds),
  text: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type Explained = z.infer<typeof Explained>;

/** An order, and its shipments as far as they are known: modules that know nothing of orders know things by the id of a shipment. */
export interface Which {
  id: string;
  shipments: string[];
}

/** What a module tells of a thing to whom looks for what happened to it (`souk explain`). */
export interface Explains<Ctx = never> {
  readonly order?: (ctx: Ctx, which: Which) => Promise<Explained[]>;
}

const MOST = 1000;

export const EXPLAIN_ORDER = 'explain.order';

const spec: OperationSpec = {
  input: z.object({ id: Id, shipments: z.array(Id).max(100) }),
  output: z.object({ told: z.array(Explained).max(MOST), isCut: z.boolean() }),
  problems: [],
};
export type Told = { told: Explained[]; isCut: boolean };

type Run = (ctx: never, input: never) => Promise<unknown>;

/** The operation that a declaration of `explains` offers. It tells the first thousand things, and says so where there are more. */
export const explainOffers = ({ order }: Explains): [name: string, offer: { spec: OperationSpec; run: Run }][] =>
  order
    ? [
        [
          EXPLAIN_ORDER,
          {
            spec,
            run: async (ctx: never, which: Which): Promise<Told> => {
              const told = await order(ctx, which);
              return { told: told.slice(0, MOST), isCut: told.length > MOST };
            },
          },
        ],
      ]
    : [];

/** Units of a variant, a time, and so on, as the text of a line has them: `2 of 0199c0de-…`. */
export const countsOf = (lines: readonly { quantity: number; variantId: string }[]): string =>
  lines.map(({ quantity, variantId }) => `${quantity} of ${variantId}`).join(', ');
