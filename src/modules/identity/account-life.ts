import { z } from 'zod';
import { type AccountLife, exporting } from '#kernel/account-life.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { linksOf } from './account-of-link.ts';
import { closeAccount, reopenAccount } from './close-account.ts';
import type { Identity } from './context.ts';
import { AccountLink, Customer, RoleName } from './contract.ts';
import { eraseAccount } from './erase-account.ts';
import { isLastAdmin } from './last-admin.ts';
import { sessionsOf } from './list-sessions.ts';
import { accessOf, readCustomer } from './read-customers.ts';

export const life: AccountLife<Identity> = {
  blockers: async (ctx, { accountId }) => ((await isLastAdmin(ctx.db, accountId)) ? ['last-admin'] : []),
  close: closeAccount,
  reopen: reopenAccount,
  forget: eraseAccount,
  export: exporting(
    {
      customer: Customer,
      roles: z.array(RoleName),
      hasSecondFactor: z.boolean(),
      sessions: z.array(z.object({ id: Id, createdAt: Time, refreshedAt: Time, expiresAt: Time })),
      links: z.array(AccountLink).meta({ description: 'Providers that the account signs in with' }),
    },
    async (ctx: Identity, { accountId }) => ({
      customer: await readCustomer(ctx, { accountId }),
      ...(await accessOf(ctx, { accountId })),
      sessions: await sessionsOf(ctx, { accountId }),
      links: await linksOf(ctx, { accountId }),
    }),
  ),
};
