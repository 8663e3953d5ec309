import { type Sql, sql } from '#kernel/database.ts';
import {
  canGather,
  type FoundRow,
  gatheredPage,
  isPlain,
  type Narrowing,
  plainPage,
  RECORD_SEPARATOR,
  type Slice,
  type Sort,
  type WalkedRow,
  walkedPage,
} from './list-statements.ts';
import { unitsIn, withStock } from './product-document.ts';

export interface PageRow extends Pick<FoundRow, 'count' | 'more' | 'last'> {
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
  /** The sort values of the last row of the page before; by relevance the tier stands before them. */
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

/** One page of public products: one to three statements, by relevance up to twice as many. */
export async function findPage(read: Read, list: ListOfProducts): Promise<PageRow> {
  const { question, sort, ...rest } = list;
  if (question && (question.best === null || question.broad === null)) return NOTHING;
  if (sort === 'relevance') return relevantPage(read, { ...rest, sort: 'newest' }, question as { best: string; broad: string });
  return pageOf(read, { ...rest, sort, words: question ? { anywhere: question.broad as string } : undefined });
}

/**
 * A walk along the index of the order stops early where much fits; gathering all that fits costs little where little does. How
 * much fits, jointly and along this order, the first rows tell: no counts are needed beforehand.
 */
async function pageOf(read: Read, slice: Slice): Promise<PageRow> {
  if (isPlain(slice)) return shown(one(await read<FoundRow>(plainPage(slice), true)));
  const walk = slice.sort === 'newest' ? WALKS.newest : WALKS.else;
  const probe = one(await read<WalkedRow>(walkedPage(slice, canGather(slice) ? walk.probe : null), false));
  if (probe.more || probe.ended) return shown(probe);
  const farther = rowsToWalk(walk, probe.count, slice.limit + 1, probe.everything);
  const walked = farther === null ? undefined : one(await read<FoundRow>(walkedPage(slice, farther), false));
  return shown(walked?.more ? walked : one(await read<FoundRow>(gatheredPage(slice), false)));
}

function shown({ documents, units, count, more, last }: FoundRow): PageRow {
  const items = documents === null ? null : withStock(documents.split(RECORD_SEPARATOR), unitsIn(units)).join(',');
  return { items, count, more, last };
}

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
  const first = tier === '1' ? await pageOf(read, { ...slice, after, words: { named: best } }) : NOTHING;
  if (first.more) return inTier('1', first);
  const left = slice.limit - first.count;
  const others = await pageOf(read, {
    ...slice,
    limit: Math.max(left, 1),
    after: tier === '1' ? undefined : after,
    words: { anywhere: broad, notNamed: best },
  });
  if (left === 0) return inTier('1', { ...first, more: others.count > 0 });
  const items = [first.items, others.items].filter((text) => text !== null).join(',');
  return inTier('0', { ...others, items: items || null, count: first.count + others.count });
}

const inTier = (tier: '0' | '1', page: PageRow): PageRow => ({ ...page, last: [tier, ...page.last] });

const one = <Row>([row]: Row[]): Row => row as Row;

/** What a text asks for; forgiving: words that nobody uses stand for those that were meant, perhaps. */
export const questionOf = (text: string, forgiving: boolean): Sql =>
  sql`select best::text, broad::text from catalog.understand(${text}, ${forgiving})`;
