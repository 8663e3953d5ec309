import { z } from 'zod';
import { type AccountLife, exporting } from '#kernel/account-life.ts';
import type { Imports } from './context.ts';
import { Import, type ImportRow, importsBy, importView } from './import.ts';

export const life: AccountLife<Imports> = {
  export: exporting(
    { imports: z.array(Import).meta({ description: 'Files of products that you have imported for the shop' }) },
    async (ctx: Imports, { accountId, limit }) => ({
      imports: (await ctx.db.many<ImportRow>(importsBy(accountId, limit))).map(importView),
    }),
  ),
};
