import { z } from 'zod';
import { type AccountLife, exporting } from '#kernel/account-life.ts';
import type { Partners } from './context.ts';
import { KeyRecord, keysMadeBy } from './list-keys.ts';

export const life: AccountLife<Partners> = {
  export: exporting(
    { apiKeys: z.array(KeyRecord).meta({ description: 'Keys of partners that you made' }) },
    async (ctx: Partners, whose) => ({ apiKeys: await keysMadeBy(ctx, whose) }),
  ),
};
