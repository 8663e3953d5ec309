import { z } from 'zod';
import { days } from '#kernel/clock.ts';
import { settings } from '#kernel/settings-part.ts';
import { foldName } from '#kernel/shapes.ts';

const Partner = z
  .string()
  .trim()
  .max(80)
  .default('')
  .transform((name) => (name === '' ? null : foldName(name)));

const period = (fallback: number, what: string) => z.coerce.number().int().min(0).max(365).default(fallback).describe(what);

export const fulfilmentSettings = settings(
  {
    WAREHOUSE: Partner.describe(
      'the partner that packs: the name of its API keys. It is told of every placed order. Without it, the first partner that packs a shipment has it',
    ),
    CARRIER: Partner.describe(
      'the partner that ships and delivers: the name of its API keys. Without it, the first partner that ships a shipment has it',
    ),
    COMPLETION_DAYS: period(3, 'how many days after its delivery a shipment is completed, 0 to 365'),
    RETURN_DAYS: period(14, 'for how many days after the delivery a buyer may ask to return, 0 to 365'),
    FULFILMENT_LEASE_SECONDS: z.coerce
      .number()
      .int()
      .min(1)
      .max(600)
      .default(10)
      .describe('how long one process may take to move the money and the stock of a step before another one does it, 1 to 600'),
  },
  (given) => ({
    warehouse: given.WAREHOUSE,
    carrier: given.CARRIER,
    completionMs: days(given.COMPLETION_DAYS),
    returnMs: days(given.RETURN_DAYS),
    leaseMs: given.FULFILMENT_LEASE_SECONDS * 1000,
  }),
);
