import type { Whose } from '#kernel/account-life.ts';
import { sql } from '#kernel/database.ts';
import type { Standing } from '#kernel/standing.ts';
import type { Notifications } from './context.ts';

/** From now on the account is told nothing. */
export const silence = async (ctx: Notifications, { accountId }: Whose, cause: 'suspended' | 'closing'): Promise<void> =>
  void (await ctx.db.execute(
    sql`insert into notifications.silenced (account_id, cause) values (${accountId}, ${cause}) on conflict do nothing`,
  ));

export const unsilence = async (ctx: Notifications, { accountId }: Whose, cause: 'suspended' | 'closing'): Promise<void> =>
  void (await ctx.db.execute(sql`delete from notifications.silenced where account_id = ${accountId} and cause = ${cause}`));

export const standing: Standing<Notifications> = {
  suspended: (ctx, whose) => silence(ctx, whose, 'suspended'),
  reinstated: (ctx, whose) => unsilence(ctx, whose, 'suspended'),
};
