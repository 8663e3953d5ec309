import { isDeepStrictEqual } from 'node:util';
import type { Level } from '#inventory';
import { partsOf } from '#kernel/batches.ts';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import { enqueue, timer } from '#kernel/events.ts';
import type { Catalog } from './context.ts';
import { followStock } from './follow-stock.ts';
import { pauseProductsJob } from './jobs.ts';
import { type SourceRow, sourcesOf, stockCopy, writeCopies } from './product-copies.ts';
import { publicProduct, withStock } from './product-document.ts';

/** Products of one turn. A turn costs about a tenth of a second for any size of the catalog; a million products take a day. */
const PRODUCTS = 200;
const LEVELS_AT_ONCE = 1000;

interface Behind {
  /** Variants whose level was newer than their copy, with the version of the level. */
  variants: { id: string; version: number }[];
  /** Products whose state does not fit that of their seller. */
  products: string[];
}

interface CopiedLevel {
  id: string;
  stock: number;
  stock_version: number;
}

/**
 * Compares some products with what is copied of them, from turn to turn all of them, and repairs what differs: documents and
 * listings at once. Stock and pauses follow events that may be on their way: they are repaired if the next turn finds them as far behind.
 */
export async function compareCopies(ctx: Catalog): Promise<void> {
  const { ids, behind } = await nextTurn(ctx.db);
  const copies = await repairCopies(ctx, ids);
  const late = await repairLate(ctx, behind);
  const { broken, behind: now } = await compareLevels(ctx, ids);
  await ctx.db.execute(sql`
    update catalog.comparison set behind = ${JSON.stringify({ variants: now, products: await misplaced(ctx.db, ids) } satisfies Behind)}::jsonb where is_only`);
  const found = { documents: copies.documents, listings: copies.listings, stock: [...broken, ...late.stock], pauses: late.pauses };
  for (const [copy, of] of Object.entries(found)) ctx.repaired(copy, of.length);
  const differing = Object.entries(found).filter(([, of]) => of.length > 0);
  if (differing.length === 0) return;
  const repaired = Object.fromEntries(differing.map(([copy, of]) => [copy, { count: of.length, first: of.slice(0, 5) }]));
  ctx.log.warn({ repaired }, 'copies of products differed from their sources, and were repaired');
}

export const timers = [timer('catalog.compare-copies', 15_000, compareCopies)];

/** The next products by id. The place is stored first: a product that cannot be compared holds up no other. */
async function nextTurn(db: Database): Promise<{ ids: string[]; behind: Behind }> {
  const { after, behind } = await db.one<{ after: string | null; behind: Behind }>(
    sql`select after, behind from catalog.comparison where is_only`,
  );
  const rows = await db.many<{ id: string }>(nextIds(after));
  const ids = rows.map(({ id }) => id);
  await db.execute(sql`update catalog.comparison set after = ${ids.length < PRODUCTS ? null : (ids.at(-1) ?? null)} where is_only`);
  return { ids, behind };
}

export const nextIds = (after: string | null): Sql => sql`
  (select id from catalog.products where id > coalesce(${after}::uuid, '00000000-0000-0000-0000-000000000000') order by id limit ${PRODUCTS})
  union (select id from catalog.listings where id > coalesce(${after}::uuid, '00000000-0000-0000-0000-000000000000') order by id limit ${PRODUCTS})
  order by id limit ${PRODUCTS}`;

async function repairCopies(ctx: Catalog, ids: readonly string[]): Promise<{ documents: string[]; listings: string[] }> {
  const sources = await ctx.db.many<SourceRow>(sourcesOf(ids));
  const documents = sources.filter((source) => !isCurrent(source)).map(({ id }) => id);
  const listings = (await ctx.db.many<{ id: string }>(wronglyListed(ids))).map(({ id }) => id);
  const wrong = [...new Set([...documents, ...listings])];
  if (wrong.length > 0)
    await ctx.db.transaction(async (tx) => {
      await tx.many(sql`select 1 from catalog.products where id = any(${wrong}::uuid[]) order by id for no key update`);
      await tx.execute(sql`
        delete from catalog.listings where id = any(${wrong}::uuid[])
          and not exists (select from catalog.products product where product.id = listings.id and product.state = 'approved')`);
      await writeCopies(tx, wrong);
    });
  return { documents, listings };
}

function isCurrent(source: SourceRow): boolean {
  try {
    const [stored, made] = withStock([source.document, JSON.stringify(publicProduct(source))], []);
    return isDeepStrictEqual(JSON.parse(stored as string), JSON.parse(made as string));
  } catch {
    return false; // no JSON
  }
}

/** Products whose listing, name key or price is not what it would be made of them now. */
export const wronglyListed = (ids: readonly string[]): Sql => sql`
  select coalesce(made.id, known.id) as id
  from catalog.listed(${ids}::uuid[]) as made full join (select * from catalog.listings where id = any(${ids}::uuid[])) as known on known.id = made.id
  where made is distinct from known
  union
  select product.id from catalog.products product
  cross join lateral (select min(price_currency) as currency, min(price_amount) as amount from catalog.variants where product_id = product.id) as priced
  where product.id = any(${ids}::uuid[])
    and (name_key, price_currency, price_amount) is distinct from (left(catalog.key(product.name), 200), priced.currency, priced.amount)`;

/** Copies of levels with the same version and another stock are repaired. Older ones are only counted: their event may be on its way. */
async function compareLevels(ctx: Catalog, productIds: readonly string[]): Promise<{ broken: string[]; behind: Behind['variants'] }> {
  const copies = await ctx.db.many<CopiedLevel>(
    sql`select id, stock, stock_version from catalog.variants where product_id = any(${productIds}::uuid[])`,
  );
  const levels = await levelsOf(
    ctx,
    copies.map(({ id }) => id),
  );
  const broken = copies.filter(({ id, stock, stock_version: version }) => {
    const level = levels.get(id);
    return level && (version > level.version || (version === level.version && stock !== level.available));
  });
  if (broken.length > 0)
    await ctx.db.transaction(async (tx) => {
      await tx.execute(sql`
        update catalog.variants variant set stock_version = -1
        from unnest(${broken.map(({ id }) => id)}::uuid[], ${broken.map((copy) => copy.stock_version)}::bigint[]) as seen (id, version)
        where variant.id = seen.id and variant.stock_version = seen.version`); // a newer level that came meanwhile stays
      await tx.many(stockCopy(broken.flatMap(({ id }) => levels.get(id) ?? [])));
    });
  const behind = copies.flatMap(({ id, stock_version }) => {
    const version = levels.get(id)?.version ?? -1;
    return stock_version < version ? [{ id, version }] : [];
  });
  return { broken: broken.map(({ id }) => id), behind: behind.slice(0, LEVELS_AT_ONCE) };
}

async function levelsOf(ctx: Catalog, variantIds: readonly string[]): Promise<Map<string, Level>> {
  const levels = new Map<string, Level>();
  for (const some of partsOf(variantIds, LEVELS_AT_ONCE))
    for (const level of await ctx.inventory.levels({ variantIds: some })) levels.set(level.variantId, level);
  return levels;
}

/** What was behind at the turn before and still is: its event or job is lost. */
async function repairLate(ctx: Catalog, { variants, products }: Behind): Promise<{ stock: string[]; pauses: string[] }> {
  const lost =
    variants.length === 0
      ? []
      : await ctx.db.many<{ id: string }>(sql`
          select variant.id from catalog.variants variant
          join unnest(${variants.map(({ id }) => id)}::uuid[], ${variants.map(({ version }) => version)}::bigint[]) as seen (id, version) on seen.id = variant.id
          where variant.stock_version < seen.version`);
  const stock = lost.map(({ id }) => id);
  if (stock.length > 0) await followStock(ctx.db, [...(await levelsOf(ctx, stock)).values()]);
  const pauses = products.length === 0 ? [] : await misplaced(ctx.db, products);
  if (pauses.length > 0)
    await ctx.db.transaction(async (tx) => {
      const sellers = await tx.many<{ seller_id: string }>(
        sql`select distinct seller_id from catalog.products where id = any(${pauses}::uuid[])`,
      );
      for (const { seller_id: accountId } of sellers) enqueue(tx, pauseProductsJob, { accountId });
    });
  return { stock, pauses };
}

/** Those for sale although their seller is suspended, and those paused although the seller is not. */
const misplaced = async (db: Database, ids: readonly string[]): Promise<string[]> => {
  const rows = await db.many<{ id: string }>(sql`
    select id from catalog.products product where id = any(${ids}::uuid[]) and state in ('approved', 'paused')
      and (state = 'approved') = exists (select from catalog.suspended_sellers where seller_id = product.seller_id)`);
  return rows.map(({ id }) => id);
};
