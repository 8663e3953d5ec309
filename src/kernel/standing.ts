import { z } from 'zod';
import type { Whose } from './account-life.ts';
import type { BaseContext } from './context.ts';
import { sql } from './database.ts';
import { event, on, type Subscription } from './events.ts';
import { Id } from './shapes.ts';

/** An account may no longer act, or may again. It is sent by the module that has the accounts; a higher `version` is newer. */
export const standingChanged = event('accounts.standing-changed', 1, z.object({ accountId: Id, suspended: z.boolean(), version: z.int() }));

/** What a module does when an account is suspended, and when it may act again. Either may run twice. */
export interface Standing<Ctx = never> {
  readonly suspended: (ctx: Ctx, whose: Whose) => Promise<void>;
  readonly reinstated: (ctx: Ctx, whose: Whose) => Promise<void>;
}

/** The subscription behind a declaration of `standing`: the newest event counts, in every order of arrival. */
export const standingSubscription = (module: string, standing: Standing): Subscription =>
  on(standingChanged, async (ctx: BaseContext, events) => {
    const newest = new Map(
      events
        .map(({ payload, cause }) => ({ ...payload, cause }))
        .sort((a, b) => a.version - b.version)
        .map((word) => [word.accountId, word]),
    );
    await ctx.db.transaction(async (tx) => {
      for (const { accountId, suspended, version, cause } of newest.values()) {
        const isNews = await tx.kernel(sql`
          insert into kernel.standings (module, account_id, version) values (${module}, ${accountId}, ${version})
          on conflict (module, account_id) do update set version = excluded.version where standings.version < excluded.version returning 1`);
        if (isNews.length === 0) continue;
        const before = tx.pending.length;
        await standing[suspended ? 'suspended' : 'reinstated'](ctx as never, { accountId });
        for (const row of tx.pending.slice(before)) row.cause ??= cause;
      }
    });
  }) as unknown as Subscription;
