import type { Whose } from '#kernel/account-life.ts';
import { type Database, sql } from '#kernel/database.ts';
import { firstIdOf } from '#kernel/ids.ts';
import type { Orders } from './context.ts';

/**
 * No order of this account, or of its products, is placed from now on. A closure commits its row and then asks `blockersOf`, so whichever
 * comes second sees the other: an order of several steps commits its draft and asks for closed accounts as it is placed; one of a single
 * transaction asks under a lock for which `blockersOf` waits (`orders.all_stay`).
 */
export async function closeAccount(ctx: Orders, { accountId }: Whose): Promise<boolean> {
  await ctx.db.execute(
    sql`insert into orders.closed_accounts (account_id, at) values (${accountId}, ${ctx.clock.now()}) on conflict do nothing`,
  );
  return true;
}

export async function reopenAccount(ctx: Orders, { accountId }: Whose): Promise<void> {
  await ctx.db.execute(sql`delete from orders.closed_accounts where account_id = ${accountId}`);
}

/** `orders` while an order of the account, or of its products, is not decided, has money to be refunded, or is on its way. */
export async function blockersOf(ctx: Orders, { accountId }: Whose): Promise<string[]> {
  const since = new Date(ctx.clock.now().getTime() - ctx.settings.openMs);
  await ctx.db.execute(sql`select pg_advisory_xact_lock(7281, uuid_hash(${accountId}::uuid))`); // a later order sees the closure
  return (await ctx.db.one<{ open: boolean }>(hasOpenOrders(accountId, since))).open ? ['orders'] : [];
}

/** A placed order counts as on its way for some time, because deliveries are not recorded yet. */
export const hasOpenOrders = (accountId: string, since: Date) => sql`
  select exists (select from orders.orders where buyer = ${accountId} and state = 'placing')
      or exists (select from orders.orders where buyer = ${accountId} and gives_back)
      or exists (select from orders.orders as o join orders.lines as l on l.order_id = o.id where o.state = 'placing' and l.seller_id = ${accountId})
      or exists (select from orders.orders where buyer = ${accountId} and id > ${firstIdOf(since)} and state = 'placed')
      or exists (select from orders.lines as l join orders.orders as o on o.id = l.order_id
                 where l.seller_id = ${accountId} and l.order_id > ${firstIdOf(since)} and o.state = 'placed') as open`;

/** True when one of these accounts is leaving. */
export const haveLeft = async (db: Database, accounts: readonly string[]): Promise<boolean> =>
  (await db.maybe(sql`select 1 from orders.closed_accounts where account_id = any(${accounts}::uuid[])`)) !== undefined;

/** True when the buyer, or a seller, of an order is leaving. */
export const hasClosedParty = async (db: Database, orderId: string): Promise<boolean> =>
  (await db.maybe(sql`
    select 1 from orders.orders as o
    where o.id = ${orderId} and (o.buyer in (select account_id from orders.closed_accounts)
      or exists (select from orders.lines as l join orders.closed_accounts as c on c.account_id = l.seller_id where l.order_id = o.id))`)) !==
  undefined;

/** Drops where an account had things sent. What was bought, and for how much, stays with its id. */
export async function forgetAccount(ctx: Orders, { accountId }: Whose): Promise<void> {
  await ctx.db.execute(sql`update orders.orders set address_sealed = null where buyer = ${accountId} and address_sealed is not null`);
}
