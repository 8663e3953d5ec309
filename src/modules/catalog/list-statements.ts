import { join, raw, type Sql, sql } from '#kernel/database.ts';
import type { Narrowing, Slice, Sort } from './list-slice.ts';
import { isAnywhere, isWithin, keysOf, termsOf } from './list-words.ts';

/** The two ways to the rows of a list: along the index of its order, or all that fits by the other indexes. README.md explains them. */

/** A product of a page. */
export interface FoundRow {
  id: string;
  /** Its value in the order of the list. */
  key: string;
}

/** A whole page, as `plainPage` answers it. */
export interface PlainPage extends ShownRow {
  count: number;
  more: boolean;
  /** The sort values of the last product, where the page is full. */
  last: string[];
}

/** What a page shows. */
export interface ShownRow {
  /** Documents of the products, with RECORD_SEPARATOR between; null when there are none. */
  documents: string | null;
  /** The stock of their variants, for `unitsIn`; there may be more after them. */
  units: string | null;
}

interface Order {
  /** Columns that the order is made of, the id last, all in one direction. */
  columns: readonly [string, 'id'];
  type: string;
  direction: 'asc' | 'desc';
}

const ORDERS: Readonly<Record<Sort, Order>> = {
  newest: { columns: ['created_at', 'id'], type: 'timestamptz', direction: 'desc' },
  name: { columns: ['name_key', 'id'], type: 'text', direction: 'asc' },
  price: { columns: ['price_rank', 'id'], type: 'bigint', direction: 'asc' },
  '-price': { columns: ['price_rank', 'id'], type: 'bigint', direction: 'desc' },
  rating: { columns: ['rating_rank', 'id'], type: 'bigint', direction: 'desc' },
};

/** Whether one index holds the list as it is: its statement costs little, and its text is one of a few. */
export const isPlain = (slice: Slice): boolean => filters(slice).length === 0;

/** A page straight off the index of its order, with what it shows: one statement. */
export function plainPage(slice: Slice): Sql {
  const { limit } = slice;
  const order = raw(ordering(slice, 'found.'));
  const inOrder = (value: string) => sql`array_agg(${raw(value)} order by ${order})`;
  return sql`
    with found as materialized (
      ${pageAlong(slice)}
    )
    select array_to_string((${inOrder('product.document')})[:${limit}], chr(30)) as documents,
           (select string_agg(variant.stock::text, ',' order by ${order}, variant.position) from found join catalog.variants variant on variant.product_id = found.id) as units,
           least(count(*), ${limit})::int as count, count(*) > ${limit} as more,
           array[${join(ORDERS[slice.sort].columns.map((column) => sql`(${inOrder(`found.${column}`)})[${limit}]::text`))}] as last
    from found join catalog.products product using (id)`;
}

/**
 * Which products of the next rows along an index fit: of so many rows, or of all. What they show is read by `shownOf`: these statements
 * are planned each time, and planning costs more for every table (1.05 ms with the documents, 0.53 without, at a million products).
 */
export const walkedRows = (slice: Slice, rows: number | null): Sql =>
  rows !== null && isMarked(slice)
    ? markedRows(slice, rows)
    : sql`
  select id, ${sortColumn(slice)}::text as key from (
    select * ${along(slice)} ${rows === null ? sql`` : sql`limit ${raw(String(rows))}`}
  ) as walk
  where ${all(filters(slice))} order by ${ordered(slice)} limit ${fetched(slice)}`;

/** How many of the rows that a walk goes by may be looked at: those whose marks and price fit. */
export const MOST_LOOKS = 2500;

/** A walk that reads the index only, and then the listings that fit so far, one after another (`offset 0`: the planner joins them in no other way). */
const markedRows = (slice: Slice, rows: number): Sql => {
  const order = raw(`walked ${ORDERS[slice.sort].direction}, id ${ORDERS[slice.sort].direction}`);
  return sql`
    select walk.id, walked::text as key from (
      select id, walked from (
        select id, ${sortColumn(slice)} as walked, marks, price_rank ${along(slice)} limit ${raw(String(rows))}
      ) as ahead where ${all(marked(slice))} order by ${order} limit ${raw(String(MOST_LOOKS))}
    ) as walk cross join lateral (
      select from catalog.listings listing where listing.id = walk.id and ${all(filters(slice))} offset 0
    ) as fitting order by ${order} limit ${fetched(slice)}`;
};

/** Whether the index of the order tells for most rows that they do not fit. */
export const isMarked = (slice: Slice): boolean => driverOf(slice) === undefined && marked(slice).length > 0;

/** How many words are asked for, at least 1. */
export const wordsOf = ({ words = {} }: Slice): number => termsOf(words.named ?? words.anywhere ?? '').length;

/** What the index of an order knows of the filters: more fits than is right, and never less. */
function marked(slice: Slice): Sql[] {
  const tags = tagsBeyond(slice, undefined);
  const { named, anywhere } = slice.words ?? {};
  const words = [...(named === undefined ? [] : keysOf(named, '=')), ...(anywhere === undefined ? [] : keysOf(anywhere, ''))];
  const keys = [...(words.length > 0 ? [sql`${words}::text[]`] : []), ...tags];
  const asked = keys.length > 0 ? sql`catalog.marks(${join(keys, ' || ')})` : undefined;
  return [...(asked ? [sql`marks & ${asked} = ${asked}`] : []), ...(isByPrice(slice) ? [] : priced(slice))];
}

export interface Ahead {
  /** Whether there are no rows beyond so many. */
  ended: boolean;
  /** How many products there are altogether, about. */
  everything: number;
}

/** The rows after the first ones along an index: one of a few SQL texts. Along all of a big catalog nobody looks whether it ends there. */
export const aheadOf = (slice: Slice, rows: number): Sql => {
  const ended = sql`not exists (select ${along(slice)} limit 1 offset ${raw(String(rows))})`;
  const isOfAll = driver(slice).length === 0;
  return sql`
    select ${isOfAll ? sql`case when reltuples > 100000 then false else ${ended} end` : ended} as ended, reltuples as everything
    from pg_class where oid = 'catalog.listings'::regclass`;
};

const along = (slice: Slice): Sql =>
  sql`from catalog.listings where ${all([...driver(slice), ...beyond(slice)])} order by ${ordered(slice)}`;

/** The rows of a plain page. */
const pageAlong = (slice: Slice): Sql =>
  driverOf(slice) === 'category' ? alongLevels(slice) : sql`select id, ${sortColumn(slice)} ${along(slice)} limit ${fetched(slice)}`;

/**
 * A category is on one level: the index of that level has its products and those below it, the others have none. To look into the other
 * three costs about ten pages, less than a statement that asks for the level.
 */
function alongLevels(slice: Slice): Sql {
  const rows = [1, 2, 3, 4].map((level) => sql`(select id, ${sortColumn(slice)} ${along({ ...slice, level })} limit ${fetched(slice)})`);
  return sql`select * from (${join(rows, ' union all ')}) as levels order by ${ordered(slice)} limit ${fetched(slice)}`;
}

/** Whether the level of the category must be known before rows are walked by. */
export const needsLevel = (slice: Slice): boolean => driverOf(slice) === 'category' && !isPlain(slice);

export const levelOf = (category: string): Sql => sql`select cardinality(path) as level from catalog.categories where slug = ${category}`;

/**
 * All that fit, found by whichever indexes are best for these values (`offset 0`: not along the order), and sorted. Keys are written as
 * text when the page is known: that takes as long for a time as to find the row.
 */
export const gatheredRows = (slice: Slice): Sql => sql`
  select id, ${sortColumn(slice)}::text as key from (
    select id, ${sortColumn(slice)} from (
      select id, ${sortColumn(slice)} from catalog.listings where ${all(gathering(slice))} offset 0
    ) as fitting where ${all(beyond(slice))} order by ${ordered(slice)} limit ${fetched(slice)}
  ) as page order by ${ordered(slice)}`;

/** What found products show. One that is no longer public is left out. */
export const shownOf = (ids: readonly string[]): Sql => sql`
  select string_agg(product.document, chr(30) order by place) as documents, string_agg(stocked.units, ',' order by place) as units
  from unnest(${ids}::uuid[]) with ordinality as asked (id, place) join catalog.products product using (id)
  cross join lateral (select string_agg(stock::text, ',' order by position) as units from catalog.variants where product_id = asked.id) as stocked
  where product.state = 'approved'`;

/** Whether there is more to find rows by than stock alone, which most have and no index knows. */
export const canGather = (slice: Slice): boolean => filters({ ...slice, inStock: false }).length > 0;

/** Separates documents: JSON never contains it. */
export const RECORD_SEPARATOR = '\x1e';

/** The limit is in the SQL text, in two sizes, so that the planner knows that it is small. */
const fetched = ({ limit }: Slice): Sql => raw(limit <= 20 ? '21' : '101');

/** The filter that has an index in every order: the one that leaves least, mostly. */
function driverOf(slice: Slice): 'brand' | 'seller' | 'category' | 'options' | undefined {
  if (slice.brand !== undefined) return 'brand';
  if (slice.seller !== undefined && isId(slice.seller)) return 'seller';
  if (slice.category !== undefined) return 'category';
  return Object.keys(slice.options).length > 0 ? 'options' : undefined;
}

const isId = (text: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text);

/** Which part of an index is walked along. */
function driver(slice: Slice): Sql[] {
  const by = driverOf(slice);
  return [
    ...(by === 'brand' ? [sql`brand = catalog.label(${slice.brand})`] : []),
    ...(by === 'seller' ? [sql`seller_id = ${slice.seller}::uuid`] : []),
    ...(by === 'category' ? [sql`${raw(`category_${slice.level}`)} = ${slice.category}`] : []),
    ...(by === 'options' ? [sql`option_sets <> '[]'`] : []),
    ...(isByPrice(slice) ? priced(slice) : []),
    ...begun(slice),
  ];
}

const begun = ({ begins }: Slice): Sql[] =>
  begins === undefined ? [] : [sql`name_key >= ${begins} and name_key < ${`${begins}\u{10FFFF}`}`];

/** What is asked of a row that is walked by: by the functions behind the operators, which draw the planner to no other index. */
const filters = (slice: Slice): Sql[] => [
  ...tagsBeyond(slice, driverOf(slice)).map((tags) => sql`arraycontains(tags, ${tags})`),
  ...(slice.inStock ? [sql`in_stock`] : []),
  ...(isByPrice(slice) ? [] : priced(slice)),
  ...sameVariant(slice),
  ...worded(slice, (words, query) => sql`ts_match_vq(${raw(words)}, ${query}::tsquery)`),
];

const gathering = (slice: Slice): Sql[] => [
  ...tagsBeyond(slice, undefined).map((tags) => sql`tags @> ${tags}`),
  ...(slice.inStock ? [sql`in_stock`] : []),
  ...priced(slice),
  ...sameVariant(slice),
  ...begun(slice),
  ...worded(slice, (words, query) =>
    join(
      termsOf(query).map(({ text }) => (words === 'words' ? isAnywhere(text) : sql`name_words @@ ${text}::tsquery`)),
      ' and ',
    ),
  ),
  ...(slice.words?.within === undefined ? [] : [isWithin(slice.words.within)]),
];

/**
 * A list by name of those that have words, in parts: those whose name begins with one of the words, which stand together in that order,
 * and the others. A row may be in several parts. None where it is another list, or the words have alternatives.
 */
export function partsByName(slice: Slice): { begun: Slice[]; others: Slice } | undefined {
  const query = slice.words?.anywhere;
  if (query === undefined || slice.sort !== 'name' || slice.begins !== undefined) return undefined;
  const words = termsOf(query).map(({ word }) => word);
  if (words.includes(undefined)) return undefined;
  return { begun: words.map((begins) => ({ ...slice, begins })), others: { ...slice, words: { within: query } } };
}

function worded({ words = {} }: Slice, matches: (column: 'name_words' | 'words', query: string) => Sql): Sql[] {
  const { named, anywhere, notNamed } = words;
  return [
    ...(named === undefined ? [] : [matches('name_words', named)]),
    ...(anywhere === undefined ? [] : [matches('words', anywhere)]),
    ...(notNamed === undefined ? [] : [sql`not ts_match_vq(name_words, ${notNamed}::tsquery)`]),
  ];
}

/** The tags that a product must have, made as catalog.listed makes them, without the one that is walked along. */
function tagsBeyond(slice: Slice, walked: ReturnType<typeof driverOf>): Sql[] {
  const tags = [
    ...(slice.category === undefined || walked === 'category' ? [] : [sql`'category:' || ${slice.category}::text`]),
    ...(slice.brand === undefined || walked === 'brand' ? [] : [sql`'brand:' || catalog.label(${slice.brand})`]),
    ...(slice.type === undefined ? [] : [sql`'type:' || catalog.label(${slice.type})`]),
    ...(slice.seller === undefined || walked === 'seller' ? [] : [sql`'seller:' || lower(normalize(${slice.seller}::text, NFKC))`]),
  ];
  const options = Object.keys(slice.options).length > 0 ? [sql`catalog.option_tags(${JSON.stringify(slice.options)}::jsonb)`] : [];
  const arrays = [...(tags.length > 0 ? [sql`array[${join(tags)}]`] : []), ...options];
  return arrays.length > 0 ? [join(arrays, ' || ')].map((array) => sql`(${array})`) : [];
}

/** Of one option the tags know; several must be those of one variant. */
const sameVariant = ({ options }: Narrowing): Sql[] =>
  Object.keys(options).length > 1 ? [sql`option_sets @> jsonb_build_array(catalog.option_tags(${JSON.stringify(options)}::jsonb))`] : [];

const isByPrice = ({ sort }: Slice): boolean => sort === 'price' || sort === '-price';

const priced = ({ price }: Narrowing): Sql[] =>
  price
    ? [sql`price_rank between catalog.price_rank(${price.currency}, ${price.from}) and catalog.price_rank(${price.currency}, ${price.to})`]
    : [];

const all = (conditions: readonly Sql[]): Sql => (conditions.length > 0 ? join([...conditions], ' and ') : sql`true`);
const sortColumn = ({ sort }: Slice): Sql => raw(ORDERS[sort].columns[0]);

function ordering({ sort }: Slice, table = ''): string {
  const { columns, direction } = ORDERS[sort];
  return columns.map((column) => `${table}${column} ${direction}`).join(', ');
}
const ordered = (slice: Slice): Sql => raw(ordering(slice));

function beyond({ sort, after }: Slice): Sql[] {
  if (after === undefined) return [];
  const { columns, type, direction } = ORDERS[sort];
  const [value, id] = after;
  return [sql`(${raw(columns.join(', '))}) ${raw(direction === 'asc' ? '>' : '<')} (${value}::${raw(type)}, ${id}::uuid)`];
}
