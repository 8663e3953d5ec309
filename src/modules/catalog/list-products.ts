import { z } from 'zod';
import { MAX_PRICE, Options, Product, productStates } from '#catalog';
import { cursorAfter, readCursor } from '#kernel/cursors.ts';
import { raw, type Sql, sql } from '#kernel/database.ts';
import { isId } from '#kernel/ids.ts';
import { Currency } from '#kernel/money.ts';
import { forbidden, malformed, unauthenticated } from '#kernel/problems.ts';
import { type JsonText, jsonText } from '#kernel/routes.ts';
import { Cursor, Id, isSameUsername, Limit, line, whole } from '#kernel/shapes.ts';
import type { Catalog } from './context.ts';
import { UNITS } from './product-copies.ts';
import { unitsIn, withStock } from './product-document.ts';
import { findPage, type ListOfProducts, type Question, questionOf, type Read } from './product-list.ts';

const Amount = whole(z.int().min(0).max(MAX_PRICE));

export const ProductsQuery = z
  .looseObject({
    limit: Limit,
    cursor: Cursor,
    q: line(300).optional().meta({ description: 'Text to search for; typos and accents are forgiven', example: 'lamp' }),
    category: z.string().max(60).optional().meta({ description: 'Slug', example: 'electronics' }),
    type: line(100).optional().meta({ description: 'Only products of this type' }),
    brand: line(100).optional().meta({ description: 'Only products of this brand' }),
    seller: line(60)
      .refine((name) => !isId(name), 'must be a username: an id goes into sellerId')
      .optional()
      .meta({ description: 'Only products of this seller: a username', example: 'sue' }),
    sellerId: Id.optional().meta({ description: 'Only products of this seller: an account id' }),
    minPrice: Amount.optional().meta({
      description: 'Minor units of `currency`, compared with the price of the product: that of its cheapest variant',
    }),
    maxPrice: Amount.optional().meta({ description: 'Minor units of `currency`, as `minPrice`' }),
    currency: Currency.optional().meta({ description: 'Currency of the price range; the default currency when absent' }),
    inStock: z
      .enum(['true', 'false'])
      .optional()
      .meta({ description: 'true: only products of which at least one variant is in stock, not always the one that fits the options' }),
    sort: z
      .enum(['newest', 'name', 'price', '-price', 'rating', 'relevance'])
      .optional()
      .meta({ description: 'relevance with q, else newest, when absent' }),
    state: z
      .enum([...productStates, 'pending'])
      .optional()
      .meta({
        description:
          'Other than approved: for the seller named by `seller` or `sellerId`, and for staff. pending: approved ones with changes that wait for review',
      }),
  })
  .superRefine((query, refusal) => {
    if (query.seller !== undefined && query.sellerId !== undefined)
      refusal.addIssue({ code: 'custom', path: ['sellerId'], message: 'give either seller or sellerId' });
    const options = optionsOf(query);
    for (const { path, message } of Options.safeParse(options).error?.issues ?? [])
      refusal.addIssue({ code: 'custom', path: [`option.${String(path[0] ?? Object.keys(options)[0])}`], message });
  })
  .meta({ description: 'Options of a variant, at most ten, each as `option.` and its name', example: { 'option.color': 'red' } });
type ProductsQuery = z.infer<typeof ProductsQuery>;
type UnpublishedState = Exclude<ProductsQuery['state'], undefined | 'approved'>;

/** A page of products, as text that the database has written. Anyone sees what is approved. */
export async function listProducts(ctx: Catalog, query: ProductsQuery): Promise<JsonText> {
  if (query.state !== undefined && query.state !== 'approved') return listUnpublished(ctx, query, query.state);
  const sort = query.sort ?? (query.q === undefined ? 'newest' : 'relevance');
  if (sort === 'relevance' && query.q === undefined) throw malformed({ reason: 'sort=relevance needs a search text: q=…' });
  const { cursor, limit, ...narrowing } = query;
  const scope = `products:${JSON.stringify(Object.entries({ ...narrowing, sort }).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
  const position = readCursor(ctx.secrets, scope, cursor);
  const list: ListOfProducts = { ...narrowingOf(ctx, query), sort, limit, after: position?.slice(0, -1) as string[] | undefined };
  const read: Read = (statement, isPlain) => (isPlain ? ctx.db.many(statement) : ctx.db.costly(statement));
  const asked = (forgiving: boolean) => questionAbout(ctx, query.q, position, forgiving);
  let question = await asked(false);
  let page = await findPage(read, { ...list, question });
  if (page.count === 0 && query.q !== undefined && !position) {
    const strict = question;
    question = await asked(true);
    if (question?.best !== strict?.best || question?.broad !== strict?.broad) page = await findPage(read, { ...list, question });
  }
  const next = page.more ? cursorAfter(ctx.secrets, scope, [...page.last, JSON.stringify(question ?? null)]) : null;
  return pageText(page.items ?? '', next);
}

/** Public products, the newest first. */
export async function newestProducts(
  ctx: Catalog,
  { limit, ...narrowing }: { category?: string; type?: string; brand?: string; limit: number },
): Promise<Product[]> {
  const read: Read = (statement, isPlain) => (isPlain ? ctx.db.many(statement) : ctx.db.costly(statement));
  const list: ListOfProducts = { ...narrowing, options: {}, sort: 'newest', limit };
  const { items } = await findPage(read, list);
  return JSON.parse(`[${items ?? ''}]`) as Product[];
}

const pageText = (items: string, next: string | null): JsonText =>
  jsonText(`{"items":[${items}],"nextCursor":${next === null ? 'null' : `"${next}"`}}`);

/** What the text asks for, or, on later pages, what the first page understood of it. */
async function questionAbout(
  ctx: Catalog,
  text: string | undefined,
  position: readonly (string | number | null)[] | undefined,
  forgiving: boolean,
): Promise<Question | undefined> {
  if (text === undefined) return undefined;
  if (position) return JSON.parse(position.at(-1) as string) as Question;
  return (await ctx.db.costly<Question>(questionOf(text, forgiving)))[0];
}

const OPTION = 'option.';

const optionsOf = (query: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) =>
      name.startsWith(OPTION) && typeof value === 'string' ? [[name.slice(OPTION.length), value]] : [],
    ),
  );

function narrowingOf(ctx: Catalog, query: ProductsQuery) {
  const isPriced = query.minPrice !== undefined || query.maxPrice !== undefined || query.currency !== undefined;
  return {
    category: query.category,
    type: query.type,
    brand: query.brand,
    seller: query.seller ?? query.sellerId,
    inStock: query.inStock === 'true',
    options: optionsOf(query),
    price: isPriced
      ? { currency: query.currency ?? ctx.settings.defaultCurrency, from: query.minPrice ?? 0, to: query.maxPrice ?? MAX_PRICE }
      : undefined,
  };
}

/** Drafts and what waits for review: a seller's own, or anybody's for staff. */
async function listUnpublished(ctx: Catalog, query: ProductsQuery, state: UnpublishedState): Promise<JsonText> {
  const { actor } = ctx;
  const isStaff = actor.permissions.has('catalog:approve') || actor.permissions.has('catalog:write');
  const isOwn = actor.kind === 'user' && (query.sellerId?.toLowerCase() === actor.id || isSameUsername(query.seller ?? '', actor.username));
  if (actor.kind === 'anonymous') throw unauthenticated();
  if (!isStaff && !isOwn) throw forbidden({ permission: 'catalog:approve' });
  const sellerId = isOwn
    ? actor.id
    : query.seller === undefined
      ? query.sellerId
      : ((await ctx.identity.findAccount({ username: query.seller }))?.id ?? null);
  if (sellerId === null) return pageText('', null);
  const scope = `unpublished:${state}:${sellerId ?? ''}`;
  const after = readCursor(ctx.secrets, scope, query.cursor);
  const rows = await ctx.db.many<{ id: string; created_at: string; document: string; units: string | null }>(
    unpublishedPage(state, sellerId, after as [string, string] | undefined, query.limit + 1),
  );
  const last = rows.length > query.limit ? rows[query.limit - 1] : undefined;
  const items = rows.slice(0, query.limit).flatMap(({ document, units }) => withStock([document], unitsIn(units)));
  return pageText(items.join(','), last ? cursorAfter(ctx.secrets, scope, [last.created_at, last.id]) : null);
}

/** The state is in the SQL text, so that the planner finds its partial index; it is one of a list. */
const inState = (state: UnpublishedState): Sql =>
  state === 'pending' ? sql`pending is not null` : sql`state <> 'approved' and state = ${raw(`'${state}'`)}`;

export const unpublishedPage = (
  state: UnpublishedState,
  sellerId: string | undefined,
  after: [string, string] | undefined,
  rows: number,
): Sql => sql`
  select id, created_at::text, document, ${UNITS} from catalog.products
  where ${inState(state)} ${sellerId ? sql`and seller_id = ${sellerId}` : sql``} ${after ? sql`and (created_at, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)` : sql``}
  order by created_at desc, id desc limit ${rows}`;

export const ProductPage = z.object({ items: z.array(Product), nextCursor: z.string().nullable() });
