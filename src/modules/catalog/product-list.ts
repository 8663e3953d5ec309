import { type Sql, sql } from '#kernel/database.ts';
import type { Narrowing, Slice, Sort } from './list-slice.ts';
import {
  type Ahead,
  aheadOf,
  canGather,
  type FoundRow,
  gatheredRows,
  isMarked,
  isPlain,
  levelOf,
  MOST_LOOKS,
  needsLevel,
  type PlainPage,
  partsByName,
  plainPage,
  RECORD_SEPARATOR,
  type ShownRow,
  shownOf,
  walkedRows,
  wordsOf,
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
  marked: { probe: MOST_LOOKS, farthest: 24_000, cost: 0.1 },
} as const;

/** What it costs to find where a common word meets others, in rows gathered. */
const MEETING = 1500;

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
  if (!canGather(slice)) return pageOf(slice, await read<FoundRow>(walkedRows(slice, null), false));
  return (await walk(read, slice)) ?? (await walkByName(read, slice)) ?? pageOf(slice, await read<FoundRow>(gatheredRows(slice), false));
}

const pageOf = ({ limit }: Slice, rows: FoundRow[]): Found => ({ rows: rows.slice(0, limit), more: rows.length > limit });

/** A page along the index; undefined where that is not the way. */
async function walk(read: Read, slice: Slice): Promise<Found | undefined> {
  const way = WALKS[isMarked(slice) ? 'marked' : slice.sort === 'newest' ? 'newest' : 'else'];
  const along = async (rows: number) => pageOf(slice, await read<FoundRow>(walkedRows(slice, rows), false));
  const probed = await along(way.probe);
  if (probed.more) return probed;
  const { ended, everything } = one(await read<Ahead>(aheadOf(slice, way.probe), true));
  if (ended) return probed;
  const farther = rowsToWalk(way, probed.rows.length, slice, everything);
  const walked = farther === null ? undefined : await along(farther);
  return walked?.more ? walked : undefined;
}

/**
 * By name, those whose name begins with a word of the search stand together, very many for a brand, and maybe far from the beginning. So the
 * walk begins there, and only the others are gathered.
 */
async function walkByName(read: Read, slice: Slice): Promise<Found | undefined> {
  const parts = partsByName(slice);
  if (!parts) return undefined;
  const found = new Map<string, FoundRow>();
  let more = false;
  for (const part of parts.begun) {
    const walked = await walk(read, part);
    if (!walked) return undefined;
    more ||= walked.more;
    for (const row of walked.rows) found.set(row.id, row);
  }
  for (const row of await read<FoundRow>(gatheredRows(parts.others), false)) found.set(row.id, row);
  const rows = [...found.values()].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || (a.id < b.id ? -1 : 1));
  return { rows: rows.slice(0, slice.limit), more: more || rows.length > slice.limit };
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
  slice: Slice,
  everything: number,
): number | null {
  if (hits === 0) return null;
  const walk = (probe * (slice.limit + 1)) / hits;
  const gather = (everything * hits) / probe + (isMarked(slice) ? MEETING * (wordsOf(slice) - 1) : 0);
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
