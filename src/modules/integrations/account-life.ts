import { z } from 'zod';
import { type AccountLife, exporting } from '#kernel/account-life.ts';
import type { Integrations } from './context.ts';
import { webhooksMadeBy } from './list-deliveries.ts';
import { Webhook } from './webhook.ts';

export const life: AccountLife<Integrations> = {
  export: exporting(
    { webhooks: z.array(Webhook).meta({ description: 'Webhooks of the shop that you made' }) },
    async (ctx: Integrations, whose) => ({ webhooks: await webhooksMadeBy(ctx, whose) }),
  ),
};
