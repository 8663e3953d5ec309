import { type Database, sql } from '#kernel/database.ts';
import type { Nothing } from '#kernel/shapes.ts';
import type { Orders } from './context.ts';

type Whose = { accountId: string };

/**
 * No order of this account, or of its goods, is placed from now on. An order commits its draft and asks for closed accounts
 * as it is placed; a closure commits its row and then asks `openMatters`: whichever comes second sees the other.
 */
export async function closeAccount(ctx: Orders, { accountId }: Whose): Promise<Nothing> {
  await ctx.db.execute(
    sql`insert into orders.closed_accounts (account_id, at) values (${accountId}, ${ctx.clock.now()}) on conflict do nothing`,
  );
  return {};
}

export async function reopenAccount(ctx: Orders, { accountId }: Whose): Promise<Nothing> {
  await ctx.db.execute(sql`delete from orders.closed_accounts where account_id = ${accountId}`);
  return {};
}

/** Whether an order in `placing` buys or sells for the account, or a rejected one still has money to give back to it. */
export async function openMatters(ctx: Orders, { accountId }: Whose): Promise<{ matters: 'orders'[] }> {
  const row = await ctx.db.one<{ open: boolean }>(openOrdersOf(accountId));
  return { matters: row.open ? ['orders'] : [] };
}

export const openOrdersOf = (accountId: string) => sql`
  select exists (select from orders.orders where buyer = ${accountId} and state = 'placing')
      or exists (select from orders.orders where buyer = ${accountId} and gives_back)
      or exists (select from orders.orders as o join orders.lines as l on l.order_id = o.id where o.state = 'placing' and l.seller_id = ${accountId}) as open`;

/** True when the buyer, or a seller, of an order is leaving. */
export const hasClosedParty = async (db: Database, orderId: string): Promise<boolean> =>
  (await db.maybe(sql`
    select 1 from orders.orders as o
    where o.id = ${orderId} and (o.buyer in (select account_id from orders.closed_accounts)
      or exists (select from orders.lines as l join orders.closed_accounts as c on c.account_id = l.seller_id where l.order_id = o.id))`)) !==
  undefined;

/** Drops where an account had things sent. What was bought, and for how much, stays with its id. */
export async function forgetAccount(ctx: Orders, { accountId }: Whose): Promise<Nothing> {
  await ctx.db.execute(sql`update orders.orders set address_sealed = null where buyer = ${accountId} and address_sealed is not null`);
  return {};
}
