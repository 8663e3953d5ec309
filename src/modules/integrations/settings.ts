import { z } from 'zod';
import { days, hours } from '#kernel/clock.ts';
import { BadSettings, settings, urlOf } from '#kernel/settings-part.ts';
import { isWebhookSecret } from './signature.ts';

const url = (what: string) =>
  urlOf('https://partner.example.com/souk').optional().describe(`where the system of ${what}, by signed webhooks`);
const secret = (what: string) =>
  z
    .string()
    .refine(isWebhookSecret, 'must be whsec_ and base64 of 24 to 64 bytes; make one with: echo "whsec_$(openssl rand -base64 32)"')
    .optional()
    .describe(`signs what is sent to ${what}: \`whsec_…\`, as Standard Webhooks writes it`);

export const integrationSettings = settings(
  {
    WAREHOUSE_URL: url('the warehouse is told of shipments that are placed or cancelled'),
    WAREHOUSE_SECRET: secret('WAREHOUSE_URL'),
    CARRIER_URL: url('the carrier is told of shipments that are packed'),
    CARRIER_SECRET: secret('CARRIER_URL'),
    EVENT_DAYS: z.coerce
      .number()
      .int()
      .min(4)
      .max(365)
      .default(30)
      .describe('how long events, and what became of their webhooks, are stored, 4 to 365; retries take three days'),
    WEBHOOK_SECRET_HOURS: z.coerce
      .number()
      .int()
      .min(0)
      .max(720)
      .default(24)
      .describe('how long the old secret of a webhook signs beside a new one, unless a call says otherwise, 0 to 720'),
  },
  (given, { mode }) => ({
    partners: (['warehouse', 'carrier'] as const).flatMap((role) => {
      const name = role === 'warehouse' ? 'WAREHOUSE' : 'CARRIER';
      const [to, key] = [given[`${name}_URL`], given[`${name}_SECRET`]];
      if (!to && !key) return [];
      if (!to) throw new BadSettings(`${name}_URL: say where what ${name}_SECRET signs is sent to`);
      if (!key) throw new BadSettings(`${name}_SECRET: say what signs the webhooks to ${name}_URL`);
      if (mode === 'production' && !to.startsWith('https:')) throw new BadSettings(`${name}_URL: production sends by https only`);
      return [{ role, url: to, secret: key }];
    }),
    storedMs: days(given.EVENT_DAYS),
    oldSecretMs: hours(given.WEBHOOK_SECRET_HOURS),
  }),
);
