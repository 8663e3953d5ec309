import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sql, sql, type Transaction } from '#kernel/database.ts';
import { loadCatalog } from '../../../test/catalog-100k.ts';
import { type Asked, EMPTY, LISTS } from '../../../test/catalog-lists.ts';
import { type World, world } from '../../../test/world.ts';
import { briefOf } from './brief-products.ts';
import { unpublishedPage } from './list-products.ts';
import { namedProductsPage } from './named-products.ts';
import { offersFor } from './price-lines.ts';
import { productById } from './product.ts';
import { writeCopies } from './product-copies.ts';
import { findPage, type ListOfProducts, type PageRow, type Question, questionOf, type Read } from './product-list.ts';
import { productsNamed } from './read-product.ts';

/** With 40,000 products every statement uses an index, and the ways to find a page quickly find the right one. */

const PRODUCTS = 40_000;

let w: World;
let client: pg.Client;
let sample: { id: string; name: string; seller_id: string; variant: string };

beforeAll(async () => {
  w = await world();
  await w.sql("update catalog.products set state = 'archived'"); // demo products, where there are any
  await loadCatalog(w.databaseUrl, PRODUCTS);
  client = new pg.Client({ connectionString: w.databaseUrl });
  await client.connect();
  await client.query(FACTS);
  [sample] = (await run<typeof sample>(sql`
    select product.id, name, seller_id, variant.id as variant from catalog.products product join catalog.variants variant on variant.product_id = product.id
    where state = 'approved' order by product.id limit 1 offset 777`)) as [typeof sample];
}, 180_000);

afterAll(() => client.end());

const run = async <Row>(statement: Sql): Promise<Row[]> => (await client.query(statement.text, statement.values)).rows as Row[];

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  Plans?: PlanNode[];
}

const BIG = ['products', 'listings', 'variants', 'words', 'levels', 'movements'];

/** Big tables that the plan reads from end to end. */
const readWhole = (node: PlanNode): string[] => [
  ...(node['Node Type'] === 'Seq Scan' && BIG.includes(node['Relation Name'] ?? '') ? [node['Relation Name']!] : []),
  ...(node.Plans ?? []).flatMap(readWhole),
];

/** Planned for these values, and planned once for all values, as a prepared statement is after a while. */
async function plansOf(statement: Sql): Promise<PlanNode[]> {
  const custom = await client.query(`explain (format json) ${statement.text}`, statement.values);
  const generic = await client.query(`explain (format json, generic_plan) ${statement.text}`);
  return [custom, generic].map(({ rows }) => rows[0]['QUERY PLAN'][0].Plan);
}

const expectIndexed = async (statement: Sql): Promise<void> => {
  for (const plan of await plansOf(statement)) expect(readWhole(plan)).toEqual([]);
};

/** By relevance two lists are looked for; by name those that begin with a word apart from others, where there is a word. */
const mostStatements = ({ sort, search }: Asked): number =>
  sort === 'relevance' ? 9 : sort === 'name' && search ? 5 + 3 * search.text.split(' ').length : 5;

/** Pages of 8 KiB that a list may look at in all of its statements. The most that a list below looks at is 2,460; all listings have 4,270. */
const MOST_BUFFERS = 2_600;

interface Buffers {
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
}

/** Sends a list's statements as Souk does, and looks at how each was carried out. */
async function explained(list: Asked): Promise<{ page: PageRow; buffers: number; whole: string[]; statements: number }> {
  const seen = { buffers: 0, whole: [] as string[], statements: 0 };
  const read: Read = async <Row>(statement: Sql) => {
    const { rows } = await client.query(`explain (analyze, buffers, timing off, format json) ${statement.text}`, statement.values);
    const plan = rows[0]['QUERY PLAN'][0].Plan as PlanNode & Buffers;
    seen.statements += 1;
    seen.buffers += plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
    seen.whole.push(...readWhole(plan));
    return run<Row>(statement);
  };
  const page = await findPage(read, { ...list, question: list.search ? await questionFor(list.search) : undefined });
  return { page, ...seen };
}

const questionFor = async ({ text, forgiving }: { text: string; forgiving: boolean }): Promise<Question> =>
  (await run<Question>(questionOf(text, forgiving)))[0]!;

const pageOf = async ({ search, ...list }: Asked, after?: readonly string[]): Promise<PageRow> =>
  findPage(run, { ...list, after, question: search ? await questionFor(search) : undefined });

describe('a list of products', () => {
  test.each(Object.entries(LISTS))('%s: uses indexes and looks at few pages, at its beginning and later', async (_, list) => {
    const first = await explained(list);
    expect(first.whole).toEqual([]);
    expect(first.buffers).toBeLessThan(MOST_BUFFERS);
    expect(first.statements).toBeLessThanOrEqual(mostStatements(list));
    if (!first.page.more) return;
    const second = await explained({ ...list, after: first.page.last });
    expect(second.whole).toEqual([]);
    expect(second.buffers).toBeLessThan(MOST_BUFFERS);
  });

  test.each(Object.entries(LISTS))('%s: is what sorting everything would give, page by page and from its middle', async (name, list) => {
    const expected = await sortedAll(list);
    const pages = 7;
    const found: string[] = [];
    const limit = Math.min(list.limit + 3, 100);
    for (let n = 0, after: readonly string[] | undefined; n < pages && (n === 0 || after); n++) {
      const page = await pageOf({ ...list, limit }, after);
      found.push(...idsOf(page));
      after = page.more ? page.last : undefined;
    }
    expect(found).toEqual(expected.slice(0, pages * limit));

    const isEmpty = EMPTY.has(name);
    expect(expected.length > 0, 'a list that finds nothing tests nothing').toBe(!isEmpty);
    const middle = Math.floor(expected.length * 0.6);
    if (middle === 0) return;
    const page = await pageOf(list, await positionOf(list, expected[middle]!));
    expect(idsOf(page)).toEqual(expected.slice(middle + 1, middle + 1 + list.limit));
    expect(page.more).toBe(expected.length > middle + 1 + list.limit);
  });
});

const idsOf = ({ items }: PageRow): string[] => (JSON.parse(`[${items ?? ''}]`) as { id: string }[]).map(({ id }) => id);

const ORDER: Record<ListOfProducts['sort'], string> = {
  newest: 'product.created_at desc, product.id desc',
  name: 'product.name_key, product.id',
  price: 'price_currency, price_amount, product.id',
  '-price': 'price_currency desc, price_amount desc, product.id desc',
  rating: 'coalesce(rating_average, 0) desc, rating_count desc, product.id desc',
  relevance: '(name_words @@ best)::int desc, product.created_at desc, product.id desc',
};
const POSITION: Record<ListOfProducts['sort'], string> = {
  newest: 'product.created_at, product.id',
  name: 'product.name_key, product.id',
  price: 'price_rank, product.id',
  '-price': 'price_rank, product.id',
  rating: 'rating_rank, product.id',
  relevance: '(name_words @@ best)::int, product.created_at, product.id',
};

/** What products themselves say, all but their words. */
const FACTS = `
  create temporary table facts as
  select product.id, product.created_at, product.name_key, (select path from catalog.categories where slug = category) as path, catalog.label(product.brand) as brand, catalog.label(type) as type, seller_username, seller_id::text, price_currency, price_amount,
         rating_average, rating_count, priced.in_stock, priced.options, price_rank, rating_rank, name_words, words
  from catalog.products product join catalog.listings listing using (id, created_at, name_key, category, seller_id)
  cross join lateral (
    select bool_or(stock > 0) as in_stock, array_agg(lower(options::text)::jsonb) as options from catalog.variants where product_id = product.id
  ) as priced
  where state = 'approved';
  create unique index on facts (id);
  analyze facts`;

/** The list as one would write it without haste. */
const naive = (list: Asked, select: string, more: string) => ({
  text: `
      select ${select} from facts as product, catalog.understand($1, $2) as question
      where ($1::text is null or words @@ broad)
        and ($3::text is null or $3 = any(path)) and ($4::text is null or brand = catalog.label($4)) and ($5::text is null or type = catalog.label($5))
        and ($6::text is null or seller_username = lower($6) or seller_id = $6) and (not $7::boolean or in_stock)
        and ($8::jsonb = '{}' or exists (select from unnest(options) as variant where variant @> lower($8::text)::jsonb))
        and ($9::text is null or price_currency = $9 and price_amount between $10::bigint and $11::bigint) ${more}`,
  values: [
    ...[list.search?.text ?? null, list.search?.forgiving ?? false, list.category ?? null, list.brand ?? null, list.type ?? null],
    ...[list.seller ?? null, list.inStock ?? false, JSON.stringify(list.options)],
    ...[list.price?.currency ?? null, list.price?.from ?? null, list.price?.to ?? null],
  ] as unknown[],
});

async function sortedAll(list: Asked): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(naive(list, 'product.id', `order by ${ORDER[list.sort]}`));
  return rows.map(({ id }) => id);
}

async function positionOf(list: Asked, id: string): Promise<string[]> {
  const columns = POSITION[list.sort]
    .split(', ')
    .map((column) => `(${column})::text`)
    .join(', ');
  const { text, values } = naive(list, `array[${columns}] as position`, 'and product.id = $12');
  const { rows } = await client.query<{ position: string[] }>(text, [...values, id]);
  return rows[0]!.position;
}

describe('every other statement uses indexes', () => {
  const statements: [name: string, statement: () => Sql][] = [
    ['the brief of products', () => briefOf([sample.id])],
    ['a product', () => productById(sample.id, null)],
    ['a product for its seller', () => productById(sample.id, sample.seller_id)],
    [
      'a price',
      () =>
        offersFor([
          { productId: sample.id, quantity: 1 },
          { variantId: sample.variant, quantity: 2 },
        ]),
    ],
    ['a price by options', () => offersFor([{ productId: sample.id, options: { color: 'red' }, quantity: 1 }])],
    ['a product by its name', () => productsNamed(sample.name)],
    ['named products', () => namedProductsPage(null, 20)],
    ['more named products', () => namedProductsPage({ name: sample.name, id: sample.id }, 20)],
    ['drafts of a seller', () => unpublishedPage('draft', sample.seller_id, undefined, 21)],
    ['what waits for review', () => unpublishedPage('submitted', undefined, ['2026-01-01', sample.id], 21)],
    ['changes that wait for review', () => unpublishedPage('pending', undefined, undefined, 21)],
  ];
  test.each(statements)('%s', async (_, statement) => {
    await expectIndexed(statement());
    expect(await run(statement())).toBeInstanceOf(Array);
  });

  test('the copy of stock, and what makes the copies of a product: they read no table from end to end', async () => {
    const rowsRead = async () =>
      (
        await client.query<{ name: string; read: number }>(
          `select relname as name, pg_stat_get_xact_tuples_returned(oid)::int as read from pg_class
           where oid in ('catalog.products'::regclass, 'catalog.listings'::regclass, 'catalog.variants'::regclass) order by relname`,
        )
      ).rows;
    await client.query('begin');
    const before = await rowsRead();
    await client.query("select catalog.copy_stock(array[$1]::uuid[], '{3}', '{2}')", [sample.variant]);
    await writeCopies({ many: run, changed: new Set(), signals: new Set() } as unknown as Transaction, [sample.id]);
    const after = await rowsRead();
    await client.query('rollback');
    expect(after).toEqual(before);
  });
});
