import { z } from 'zod';
import { Product } from '#catalog';
import { AccountLink, Customer, RoleName } from '#identity';
import { Id, Time } from '#kernel/shapes.ts';
import { OrderRecord } from '#orders';
import { KeyRecord } from '#partners';
import { FlagRecord, ReviewRecord } from '#reviews';
import { WalletRecord } from '#wallet';
import type { Customers } from './context.ts';

/** At most so many of each list; whoever has more reads the rest by the lists themselves. */
export const LONGEST = 1000;

export const CustomerExport = z
  .object({
    exportedAt: Time,
    customer: Customer,
    roles: z.array(RoleName),
    hasSecondFactor: z.boolean(),
    sessions: z.array(z.object({ id: Id, createdAt: Time, refreshedAt: Time, expiresAt: Time })),
    links: z.array(AccountLink).meta({ description: 'Providers that the account signs in with' }),
    wallet: WalletRecord,
    orders: z.array(OrderRecord),
    products: z.array(Product),
    reviews: z.array(ReviewRecord),
    flags: z.array(FlagRecord).meta({ description: 'What you said of reviews that should not stand' }),
    apiKeys: z.array(KeyRecord).meta({ description: 'Keys of partners that you made' }),
    cut: z
      .array(z.string())
      .meta({ description: 'Lists that are longer than what stands here; their own routes tell the rest', example: [] }),
  })
  .meta({ id: 'CustomerExport' });

/** All that Souk knows of whoever asks, in one answer. */
export async function exportCustomer(ctx: Customers): Promise<z.infer<typeof CustomerExport>> {
  const accountId = ctx.actor.id;
  const customer = await ctx.identity.readCustomer({ accountId });
  const { roles, hasSecondFactor } = await ctx.identity.accessOf({ accountId });
  const sessions = await ctx.identity.sessionsOf({ accountId });
  const links = await ctx.identity.linksOf({ accountId });
  const { balances, ...lists } = await ctx.wallet.recordOf({ owner: accountId, limit: LONGEST + 1 });
  const orders = await ctx.orders.recordsOf({ accountId, limit: LONGEST + 1 });
  const products = await ctx.catalog.productsOf({ sellerId: accountId, limit: LONGEST + 1 });
  const reviews = await ctx.reviews.recordsOf({ customer: accountId, limit: LONGEST + 1 });
  const flags = await ctx.reviews.flagsOf({ person: accountId, limit: LONGEST + 1 });
  const apiKeys = await ctx.partners.keysMadeBy({ maker: accountId, limit: LONGEST + 1 });
  const { statement, charges, deductions } = lists;
  const cut = Object.entries({ ...lists, orders, products, reviews, flags, apiKeys }).flatMap(([name, rows]) =>
    rows.length > LONGEST ? [name] : [],
  );
  return {
    exportedAt: ctx.clock.now().toISOString(),
    customer,
    roles,
    hasSecondFactor,
    sessions,
    links,
    wallet: { balances, statement: short(statement), charges: short(charges), deductions: short(deductions) },
    orders: short(orders),
    products: short(products),
    reviews: short(reviews),
    flags: short(flags),
    apiKeys: short(apiKeys),
    cut,
  };
}

const short = <Row>(rows: Row[]): Row[] => rows.slice(0, LONGEST);
