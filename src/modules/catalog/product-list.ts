import { empty, join, raw, type Sql, sql } from '#kernel/database.ts';

/** The statements behind lists of products: README.md says how a page is found. */

export type Sort = 'newest' | 'name' | 'price' | '-price' | 'rating' | 'relevance';

/** What a list is narrowed by. */
export interface Narrowing {
  category?: string;
  type?: string;
  brand?: string;
  /** Username or id. */
  seller?: string;
  inStock?: boolean;
  options: Readonly<Record<string, string>>;
  price?: { currency: string; from: number; to: number };
}

/** What a search was understood as; kept in its cursors, so that all pages are of the same search. */
export interface Question {
  best: string | null;
  broad: string | null;
  bestIsCommon: boolean;
  broadIsCommon: boolean;
}

export interface ListOfProducts extends Narrowing {
  sort: Sort;
  limit: number;
  /** The text as it was typed, or what an earlier page made of it. */
  search?: { text: string; forgiving: boolean } | Question;
  /** The sort values of the last row of the page before. */
  after?: readonly string[];
}

export interface PageRow {
  /** Public JSON of the products of this page, with commas between; null when there are none. */
  items: string | null;
  count: number;
  more: boolean;
  /** The sort values of the last product, where the page is full. */
  last: string[];
  question: Question | null;
}

interface Order {
  /** Columns that the order is made of, the id last, all in one direction. */
  columns: readonly string[];
  types: readonly string[];
  direction: 'asc' | 'desc';
  /** How many rows a walk looks at before it gives up. Rows lie about as they were made, so walking by age is cheaper. */
  walk: number;
  /** What walking costs, for catalog.understand: 21 times the cost of a row walked by (0.3 µs by age, 2.5 µs else) over that of a row gathered (2 µs). */
  walking: number;
}

const BY_AGE = { walk: 4000, walking: 4 };
const BY_ELSE = { walk: 1000, walking: 26 };

const ORDERS: Readonly<Record<Sort, Order>> = {
  newest: { columns: ['created_at', 'id'], types: ['timestamptz', 'uuid'], direction: 'desc', ...BY_AGE },
  name: { columns: ['name_key', 'id'], types: ['text', 'uuid'], direction: 'asc', ...BY_ELSE },
  price: { columns: ['price_rank', 'id'], types: ['bigint', 'uuid'], direction: 'asc', ...BY_ELSE },
  '-price': { columns: ['price_rank', 'id'], types: ['bigint', 'uuid'], direction: 'desc', ...BY_ELSE },
  rating: { columns: ['rating_rank', 'id'], types: ['bigint', 'uuid'], direction: 'desc', ...BY_ELSE },
  /** Those whose name has every word come first, then the newer. */
  relevance: { columns: ['best', 'created_at', 'id'], types: ['int', 'timestamptz', 'uuid'], direction: 'desc', ...BY_AGE },
};

/** One page of public products. */
export function productPage(list: ListOfProducts): Sql {
  if (list.sort === 'relevance') return relevantPage(list);
  return isPlain(list) ? walkedPage(list) : narrowedPage(list);
}

/** Whether an index holds the list as it is: its statement costs little, and its text is one of a few. */
export const isPlain = (list: ListOfProducts): boolean =>
  list.search === undefined && !hasTags(list) && (list.price === undefined || isByPrice(list));

/** A page straight off the index of its order. */
function walkedPage(list: ListOfProducts): Sql {
  const order = ORDERS[list.sort];
  return sql`
    select ${pageOf(list, order)}, null::json as question
    from (select document, ${columns(order)} from catalog.products where ${all([...within(list), ...beyond(order, list.after)])}
          order by ${ordered(order)} limit ${fetched(list.limit)}) as page`;
}

/** A page of a list that is narrowed by more than an index knows: a walk, or else all that fits. */
function narrowedPage(list: ListOfProducts): Sql {
  const order = ORDERS[list.sort];
  const isSearch = list.search !== undefined;
  return chosenPage(list, order, [
    {
      names: ['walked'],
      rows: (gate) => walk(list, order, list.after, [...walkedBy(list), ...(isSearch ? [walkedBroad] : [])], [gate, broadIsCommon]),
    },
    {
      names: ['gathered'],
      rows: (gate) => gather(list, order, list.after, columns(order), [...(isSearch ? [gatheredBroad] : []), gate]),
    },
  ]);
}

/**
 * A page of a search, the best first: those whose name has every word, newest first, and then those that have the words
 * anywhere. First the best are walked to, then gathered; when they do not fill the page the others are walked to; and at last all are gathered.
 */
function relevantPage(list: ListOfProducts): Sql {
  const order = ORDERS.relevance;
  const newest = ORDERS.newest;
  const [tier, ...position] = list.after ?? [];
  const after = list.after && position;
  const inTier = (best: 0 | 1, rows: Sql) => sql`select id, ${raw(String(best))} as best, created_at from (${rows}) as tier`;
  const best: Branch[] = [
    { names: ['walked'], rows: (gate) => inTier(1, walk(list, newest, after, [...walkedBy(list), walkedBest], [gate, bestIsCommon])) },
    { names: ['named'], rows: (gate) => inTier(1, gather(list, newest, after, columns(newest), [gatheredBest, gate])) },
  ];
  const others: Branch[] = [
    {
      names: tier === '0' ? ['others'] : ['named', 'others'],
      rows: (gate) =>
        inTier(
          0,
          walk(
            list,
            newest,
            tier === '0' ? after : undefined,
            [...walkedBy(list), walkedBroad, sql`not ${walkedBest}`],
            [gate, broadIsCommon],
          ),
        ),
    },
    {
      names: ['gathered'],
      rows: (gate) => gather(list, order, list.after, sql`(${gatheredBest})::int as best, created_at, id`, [gatheredBroad, gate]),
    },
  ];
  return chosenPage(list, order, tier === '0' ? others : [...best, ...others]);
}

/** What a search asks of a row: of one that is walked by, by the functions behind the operators, which draw the planner to no index. */
const walkedBest = sql`ts_match_vq(name_words, (select best from asked))`;
const walkedBroad = sql`ts_match_vq(words, (select broad from asked))`;
const gatheredBest = sql`name_words @@ (select best from asked)`;
const gatheredBroad = sql`words @@ (select broad from asked)`;
const bestIsCommon = sql`(select best_is_common from asked)`;
const broadIsCommon = sql`(select broad_is_common from asked)`;

/** A way to find the rows of a page. `names` are the clauses that together hold them; the last of them is its own. */
interface Branch {
  names: readonly string[];
  rows: (gate: Sql) => Sql;
}

/** Tries the branches in turn: each runs only when those before it did not fill the page; the last always answers. */
function chosenPage(list: ListOfProducts, order: Order, branches: readonly Branch[]): Sql {
  const filled = ({ names }: Branch) =>
    sql`${join(
      names.map((name) => sql`(select count(*) from ${raw(name)})`),
      ' + ',
    )} > ${list.limit}`;
  const unfilledBefore = (index: number) => branches.slice(0, index).map((branch) => sql`not (${filled(branch)})`);
  const clauses = branches.map(({ names, rows }, index) => {
    const gate = index === 0 ? sql`true` : all(unfilledBefore(index));
    return sql`${raw(names.at(-1)!)} as materialized (select ${columns(order)}, row_number() over () as place from (${rows(gate)}) as found)`;
  });
  const chosen = branches.flatMap((branch, index) => {
    const conditions = [...unfilledBefore(index), ...(index < branches.length - 1 ? [filled(branch)] : [])];
    return branch.names.map(
      (name, part) =>
        sql`select ${columns(order)}, place + ${raw(String(part * 1000))} as place from ${raw(name)} where ${all(conditions)}`,
    );
  });
  return sql`
    with asked as materialized (select ${tagsOf(list)} as tags, ${optionTagsOf(list)} as options, question.* from ${questionOf(list)} as question),
    ${join(clauses, ',\n    ')},
    chosen as (${join(chosen, ' union all ')}),
    page as (
      select product.document, ${chosenColumns(order)}
      from chosen join catalog.products product on product.id = chosen.id order by chosen.place
    )
    select ${pageOf(list, order)},
           (select json_build_object('best', best::text, 'broad', broad::text, 'bestIsCommon', best_is_common, 'broadIsCommon', broad_is_common) from asked) as question
    from page`;
}

/** The first rows that fit of the next few along an index. */
const walk = (
  list: ListOfProducts,
  order: Order,
  after: readonly string[] | undefined,
  fits: readonly Sql[],
  gates: readonly Sql[],
): Sql => sql`
  select id, ${columnsWithoutId(order)} from (
    select ${raw([...new Set(['id', 'tags', 'name_words', 'words', 'price_rank', ...order.columns])].join(', '))} from catalog.products
    where ${all([...within(list), ...beyond(order, after), ...gates])}
    order by ${ordered(order)} limit ${raw(String(order.walk))}
  ) as walk where ${all(fits)} limit ${fetched(list.limit)}`;

/** All that fits, found by GIN indexes (`offset 0`: not by walking), and the first of it in order. */
const gather = (
  list: ListOfProducts,
  order: Order,
  after: readonly string[] | undefined,
  selected: Sql,
  conditions: readonly Sql[],
): Sql => sql`
  select * from (
    select ${selected} from catalog.products
    where ${all([...within(list), ...(isByPrice(list) ? [] : priced(list)), ...gatheredBy(list), ...conditions])} offset 0
  ) as fitting
  where ${all(beyond(order, after))} order by ${ordered(order)} limit ${fetched(list.limit)}`;

/**
 * What one row tells of a page whose products come in order; one more than the page holds is read, to know whether there
 * is another page. Arrays are cut here rather than the rows numbered: windows and sorts were a third of a page's cost.
 */
const pageOf = ({ limit }: ListOfProducts, order: Order): Sql => sql`
  array_to_string((array_agg(document))[:${limit}], ',') as items, least(count(*), ${limit})::int as count, count(*) > ${limit} as more,
  array[${join(order.columns.map((column) => sql`(array_agg(${raw(column)}))[${limit}]::text`))}] as last`;

/** The limit stands in the text, in two sizes, so that the planner knows that it is small. */
const fetched = (limit: number): Sql => raw(limit <= 20 ? '21' : '101');

const isByPrice = ({ sort }: ListOfProducts): boolean => sort === 'price' || sort === '-price';

/** Which part of an index is looked at. */
const within = (list: ListOfProducts): Sql[] => [
  sql`state = 'approved'`,
  ...(list.category === undefined ? [] : [sql`category = ${list.category}`]),
  ...(isByPrice(list) ? priced(list) : []),
];

const priced = ({ price }: ListOfProducts): Sql[] =>
  price
    ? [sql`price_rank between catalog.price_rank(${price.currency}, ${price.from}) and catalog.price_rank(${price.currency}, ${price.to})`]
    : [];

const hasTags = (list: Narrowing): boolean =>
  list.type !== undefined ||
  list.brand !== undefined ||
  list.seller !== undefined ||
  list.inStock === true ||
  Object.keys(list.options).length > 0;

/** Of one option the product's tags know; several must be those of one variant. */
const hasOptions = (list: Narrowing): boolean => Object.keys(list.options).length > 1;

const walkedBy = (list: ListOfProducts): Sql[] => [
  ...(hasTags(list) ? [sql`arraycontains(tags, (select tags from asked))`] : []),
  ...(isByPrice(list) ? [] : priced(list)),
  ...(hasOptions(list) ? [sameVariant('walk')] : []),
];

const gatheredBy = (list: ListOfProducts): Sql[] => [
  ...(hasTags(list) ? [sql`tags @> (select tags from asked)`] : []),
  ...(hasOptions(list) ? [sameVariant('products')] : []),
];

const sameVariant = (product: string): Sql =>
  sql`(select bool_or(option_tags @> (select options from asked)) from catalog.variants variant where variant.product_id = ${raw(product)}.id)`;

/** The tags that a product must carry, made as catalog.derived makes them. */
function tagsOf(list: Narrowing): Sql {
  const tags = [
    ...(list.type === undefined ? [] : [sql`'type:' || catalog.plain(${list.type})`]),
    ...(list.brand === undefined ? [] : [sql`'brand:' || catalog.plain(${list.brand})`]),
    ...(list.seller === undefined ? [] : [sql`'seller:' || lower(${list.seller}::text)`]),
    ...(list.inStock ? [sql`'stock'`] : []),
  ];
  return sql`array[${tags.length > 0 ? join(tags) : empty}]::text[] || ${optionTagsOf(list)}`;
}

const optionTagsOf = ({ options }: Narrowing): Sql =>
  Object.keys(options).length > 0 ? sql`catalog.option_tags(${JSON.stringify(options)}::jsonb)` : sql`null::text[]`;

function questionOf(list: ListOfProducts): Sql {
  const { search } = list;
  if (search === undefined) return sql`catalog.understand(null, false, ${tagsOf(list)}, ${ORDERS[list.sort].walking})`;
  if ('text' in search) return sql`catalog.understand(${search.text}, ${search.forgiving}, ${tagsOf(list)}, ${ORDERS[list.sort].walking})`;
  return sql`(select ${search.best}::tsquery as best, ${search.broad}::tsquery as broad, ${search.bestIsCommon}::boolean as best_is_common, ${search.broadIsCommon}::boolean as broad_is_common)`;
}

const all = (conditions: readonly Sql[]): Sql => (conditions.length > 0 ? join([...conditions], ' and ') : sql`true`);
const columns = (order: Order): Sql => raw(order.columns.join(', '));
const columnsWithoutId = (order: Order): Sql => raw(order.columns.slice(0, -1).join(', '));
const ordered = (order: Order): Sql => raw(order.columns.map((column) => `${column} ${order.direction}`).join(', '));
const chosenColumns = (order: Order): Sql => raw(order.columns.map((column) => `chosen.${column}`).join(', '));

const beyond = (order: Order, after: readonly string[] | undefined): Sql[] =>
  after === undefined
    ? []
    : [
        sql`(${columns(order)}) ${raw(order.direction === 'asc' ? '>' : '<')} (${join(after.map((value, index) => sql`${value}::${raw(order.types[index] ?? 'text')}`))})`,
      ];
