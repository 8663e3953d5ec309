import type { Whose } from '#kernel/account-life.ts';
import { type Database, sql } from '#kernel/database.ts';
import type { Orders } from './context.ts';

/**
 * No order of this account, or of its products, is placed from now on. A closure commits its row and then asks `blockersOf`, so whichever
 * comes second sees the other: an order of several steps commits its draft and asks for closed accounts as it is placed; one of a single
 * transaction asks under a lock for which `blockersOf` waits (`orders.demand_all_stay`).
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

/** `orders` while an order of the account, or of its products, is not decided, has money to be refunded, or has a shipment that keeps it. */
export async function blockersOf(ctx: Orders, { accountId }: Whose): Promise<string[]> {
  await ctx.db.execute(sql`select pg_advisory_xact_lock(7281, uuid_hash(${accountId}::uuid))`); // a later order sees the closure
  return (await ctx.db.one<{ open: boolean }>(hasOpenOrders(accountId))).open ? ['orders'] : [];
}

/** A buyer waits until all is delivered, a seller until the own shipments are completed. A shipment that is not copied yet is as its order. */
export const hasOpenOrders = (accountId: string) => sql`
  select exists (select from orders.orders where buyer = ${accountId} and (state in ('placing', 'placed', 'packed', 'shipped') or gives_back))
      or exists (select from orders.lines as l join orders.orders as o on o.id = l.order_id
                 where l.seller_id = ${accountId} and o.state in ('placing', 'placed', 'packed', 'shipped', 'delivered')
                   and not exists (select from jsonb_to_recordset(o.shipments) as s ("sellerId" uuid, state text)
                                   where s."sellerId" = ${accountId} and s.state not in ('placed', 'packed', 'shipped', 'delivered'))) as open`;

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

/** Drops where an account had things sent, and what was written about its orders. What was bought, and for how much, stays with its id. */
export async function forgetAccount(ctx: Orders, { accountId }: Whose): Promise<void> {
  await ctx.db.execute(sql`
    update orders.steps set note = null where note is not null and order_id in (select id from orders.orders where buyer = ${accountId}::uuid)`);
  await ctx.db.execute(sql`update orders.steps set note = null where note is not null and by_id = ${accountId}::text`);
  await ctx.db.execute(sql`update orders.orders set address_sealed = null where buyer = ${accountId} and address_sealed is not null`);
}
