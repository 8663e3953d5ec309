import { type Sql, sql } from '#kernel/database.ts';
import {
  type Ahead,
  aheadOf,
  canGather,
  type FoundRow,
  gatheredRows,
  isPlain,
  levelOf,
  type Narrowing,
  needsLevel,
  type PlainPage,
  plainPage,
  RECORD_SEPARATOR,
  type ShownRow,
  type Slice,
  type Sort,
  shownOf,
  walkedRows,
} from './list-statements.ts';
import { unitsIn, withStock } from './product-document.ts';

export interface PageRow extends Pick<PlainPage, 'count' | 'more' | 'last'> {
  /** Public JSON of the products of this page, with commas between; null when there are none. */
  items: string | null;
}

/** What a search was understood as; stored in its cursors, so that all pages are of the same search. */
export interface Question {
  best: string | null;
  broad: string | null;
}

export interface ListOfProducts extends Narrowing {
  /** Relevance needs a question: those whose name has every word come first, then the newer. */
  sort: Sort | 'relevance';
  limit: number;
  question?: Question;
  /** The sort values of the last row of the page before; by relevance the tier comes before them. */
  after?: readonly string[];
}

/** Sends a statement: one that is plain on any connection, others where their cost is bounded. */
export type Read = <Row>(statement: Sql, isPlain: boolean) => Promise<Row[]>;

/**
 * How many rows are looked at before it is decided how to go on, and at most after that; and what a row walked by costs beside
 * one gathered (2 µs at a million products). The newest lie together: they cost 0.6 µs each, others 1.2 µs.
 */
const WALKS = {
  newest: { probe: 1000, farthest: 15_000, cost: 0.3 },
  else: { probe: 600, farthest: 8000, cost: 0.6 },
} as const;

const NOTHING: PageRow = { items: null, count: 0, more: false, last: [] };

/** One page of public products: one to five statements, by relevance up to nine. */
export async function findPage(read: Read, list: ListOfProducts): Promise<PageRow> {
  const { question, sort, ...rest } = list;
  if (question && (question.best === null || question.broad === null)) return NOTHING;
  const words = question ? { anywhere: question.broad as string } : undefined;
  const slice: Slice = { ...rest, sort: sort === 'relevance' ? 'newest' : sort, words };
  if (needsLevel(slice)) {
    slice.level = (await read<{ level: number }>(levelOf(slice.category as string), true))[0]?.level;
    if (slice.level === undefined) return NOTHING;
  }
  if (sort === 'relevance') return relevantPage(read, slice, question as { best: string; broad: string });
  if (!isPlain(slice)) return shown(read, await findRows(read, slice));
  const { count, more, last, ...page } = one(await read<PlainPage>(plainPage(slice), true));
  return { items: itemsOf(page), count, more, last };
}

interface Found {
  rows: FoundRow[];
  more: boolean;
}

/**
 * A walk along the index of the order stops early where much fits; gathering all that fits costs little where little does. How
 * much fits, jointly and along this order, the first rows tell: no counts are needed beforehand.
 */
async function findRows(read: Read, slice: Slice): Promise<Found> {
  const page = (rows: FoundRow[]): Found => ({ rows: rows.slice(0, slice.limit), more: rows.length > slice.limit });
  if (!canGather(slice)) return page(await read<FoundRow>(walkedRows(slice, null), false));
  const walk = slice.sort === 'newest' ? WALKS.newest : WALKS.else;
  const probed = page(await read<FoundRow>(walkedRows(slice, walk.probe), false));
  if (probed.more) return probed;
  const { ended, everything } = one(await read<Ahead>(aheadOf(slice, walk.probe), true));
  if (ended) return probed;
  const farther = rowsToWalk(walk, probed.rows.length, slice.limit + 1, everything);
  const walked = farther === null ? undefined : page(await read<FoundRow>(walkedRows(slice, farther), false));
  return walked?.more ? walked : page(await read<FoundRow>(gatheredRows(slice), false));
}

async function shown(read: Read, { rows, more }: Found): Promise<PageRow> {
  if (rows.length === 0) return NOTHING;
  const { id, key } = rows.at(-1) as FoundRow;
  const page = one(await read<ShownRow>(shownOf(rows.map((row) => row.id)), true));
  return { items: itemsOf(page), count: rows.length, more, last: [key, id] };
}

const itemsOf = ({ documents, units }: ShownRow): string | null =>
  documents === null ? null : withStock(documents.split(RECORD_SEPARATOR), unitsIn(units)).join(',');

/**
 * How many rows to walk by for a page, when `hits` of the probe fitted; null where gathering is cheaper. The walk gets three
 * times the rows that it should need, since rows that fit do not lie evenly.
 */
function rowsToWalk(
  { probe, farthest, cost }: { probe: number; farthest: number; cost: number },
  hits: number,
  wanted: number,
  everything: number,
): number | null {
  if (hits === 0) return null;
  const walk = (probe * wanted) / hits;
  const gather = (everything * hits) / probe;
  return walk * cost < gather && walk < farthest ? Math.min(Math.ceil((3 * walk) / 1000) * 1000, farthest) : null;
}

/** The best first: those whose name has every word, newest first; when they end, those that have the words anywhere. */
async function relevantPage(read: Read, slice: Slice, { best, broad }: { best: string; broad: string }): Promise<PageRow> {
  const [tier, ...position] = slice.after ?? ['1'];
  const after = position.length > 0 ? position : undefined;
  const first: Found = tier === '1' ? await findRows(read, { ...slice, after, words: { named: best } }) : { rows: [], more: false };
  if (first.more) return inTier('1', await shown(read, first));
  const left = slice.limit - first.rows.length;
  const others = await findRows(read, {
    ...slice,
    limit: Math.max(left, 1),
    after: tier === '1' ? undefined : after,
    words: { anywhere: broad, notNamed: best },
  });
  if (left === 0) return inTier('1', await shown(read, { rows: first.rows, more: others.rows.length > 0 }));
  return inTier('0', await shown(read, { rows: [...first.rows, ...others.rows], more: others.more }));
}

const inTier = (tier: '0' | '1', page: PageRow): PageRow => ({ ...page, last: [tier, ...page.last] });

const one = <Row>([row]: Row[]): Row => row as Row;

/** What a text asks for; forgiving: a word that no product has is replaced by the most similar one that some have. */
export const questionOf = (text: string, forgiving: boolean): Sql =>
  sql`select best::text, broad::text from catalog.understand(${text}, ${forgiving})`;
