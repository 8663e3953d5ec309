import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { SharedValues } from '#adapters/cache/port.ts';
import type { Metrics } from './metrics.ts';

/** What a handler answered, as text. */
export interface Made {
  text: string;
  /** What the reply shows, by the names that writers give to `changed`. */
  topics: readonly string[];
  /** The version of the one thing that it shows. */
  version?: number | undefined;
}

/** A reply that can be sent as it is. */
export interface ReadyReply {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  /** The cursor of the next page; null where there is none. */
  readonly next: string | null;
  readonly topics: readonly string[];
  /** The moment before its data was read. */
  readonly readAt: number;
}

/**
 * Replies to anonymous callers. A reply is good for a second from the moment before its data was read, and until something that it
 * shows is dropped in this process. So what a drop tells of is in every reply that is given after it, and what nobody tells of is
 * in every reply after a second. At most 32 MiB.
 */
export interface ReadyReplies {
  /** A good reply that this process has. */
  find(key: string): ReadyReply | undefined;
  /**
   * A good reply, or a new one. Callers who ask at the same time wait for one of them to make it.
   * @throws what `make` throws, to all of them.
   */
  get(key: string, make: () => Promise<Made>): Promise<ReadyReply>;
  /** A reply that is for one caller, and is not stored. */
  once(make: () => Promise<Made>): Promise<ReadyReply>;
  /** Drops the replies that show one of these topics; without any, all replies. */
  drop(topics?: readonly string[]): void;
}

export interface ReadyParts {
  /** Where processes share replies; undefined where each has its own. */
  shared: SharedValues | undefined;
  /** What a key is called there: other Souks must not meet it. */
  sharedKey: (key: string) => string;
  metrics: Pick<Metrics, 'cached'>;
}

const LIFE_MS = 1000;
const ALL_BYTES = 32 * 1024 * 1024;
/** A larger reply is sent, and not stored. */
const LARGEST_BYTES = 512 * 1024;
/** What an entry costs beside its texts, at most. */
const ENTRY_BYTES = 700;
/** Topics whose last drop is known one by one. After that many all replies are dropped, and counting begins anew. */
const DROPS = 10_000;

export function openReadyReplies({ shared, sharedKey, metrics }: ReadyParts): ReadyReplies {
  const stored = new LRUCache<string, ReadyReply>({
    maxSize: ALL_BYTES,
    maxEntrySize: LARGEST_BYTES,
    sizeCalculation: ({ bytes, topics }, key) => bytes.length + 2 * key.length + 100 * topics.length + ENTRY_BYTES,
  });
  const underWay = new Map<string, { since: number; reply: Promise<ReadyReply> }>();
  const drops = new Map<string, number>();
  let lastDrop = 0;
  let allDropped = 0;
  let last = 0;

  /** Later than every moment before, so that of a drop and a reading it is known which came first. */
  const moment = (): number => {
    last = Math.max(performance.now(), last + 0.0001);
    return last;
  };
  const isDropped = ({ readAt, topics }: ReadyReply): boolean =>
    allDropped > readAt || (lastDrop > readAt && topics.some((topic) => (drops.get(topic) ?? 0) > readAt));
  const isGood = (reply: ReadyReply): boolean => performance.now() - reply.readAt < LIFE_MS && !isDropped(reply);

  const findGood = (key: string): ReadyReply | undefined => {
    const reply = stored.get(key);
    if (!reply || isGood(reply)) return reply;
    stored.delete(key);
    return undefined;
  };

  const produce = async (key: string, make: () => Promise<Made>): Promise<ReadyReply> => {
    const name = shared && sharedKey(key);
    const askedAt = performance.now();
    const found = name === undefined ? undefined : await shared?.find(name);
    const theirs = found?.stored && replyIn(found.stored.value, askedAt - found.stored.ageMs);
    if (shared) metrics.cached('shared replies', theirs !== undefined);
    if (theirs && isGood(theirs)) {
      stored.set(key, theirs);
      return theirs;
    }
    const readAt = moment();
    const reply = replyOf(await make(), readAt);
    if (!isGood(reply)) return reply;
    stored.set(key, reply);
    if (name !== undefined && found && reply.bytes.length <= LARGEST_BYTES) void shared?.put(name, textOf(reply), found.askedAt, LIFE_MS);
    return reply;
  };

  const begin = (key: string, make: () => Promise<Made>): Promise<ReadyReply> => {
    const reply = produce(key, make).finally(() => {
      if (underWay.get(key)?.reply === reply) underWay.delete(key);
    });
    underWay.set(key, { since: moment(), reply });
    return reply;
  };

  return {
    find(key) {
      const reply = findGood(key);
      if (reply) metrics.cached('ready replies', true);
      return reply;
    },
    async get(key, make) {
      const arrived = moment();
      const known = findGood(key);
      metrics.cached('ready replies', known !== undefined);
      if (known) return known;
      for (;;) {
        const running = underWay.get(key);
        if (!running || arrived - running.since >= LIFE_MS) return begin(key, make);
        const reply = await running.reply;
        if (reply.readAt >= arrived || !isDropped(reply)) return reply;
        // else it may be older than what was dropped before this call
      }
    },
    once: async (make) => replyOf(await make(), moment()),
    drop(topics) {
      lastDrop = moment();
      if (topics && drops.size + topics.length <= DROPS) {
        for (const topic of topics) drops.set(topic, lastDrop);
        return;
      }
      allDropped = lastDrop;
      drops.clear();
      stored.clear();
    },
  };
}

const encoder = new TextEncoder();

/**
 * The entity tag of what is read: the version, which If-Match asks for, and the content. Much that a reply shows changes without a
 * new version of its row: stock, ratings, names of others. Of lists the content alone.
 */
export function etagOf(text: string, version: number | undefined): string {
  const content = hash('sha256', text, 'base64url').slice(0, 22);
  return version === undefined ? `W/"${content}"` : `"${version}.${content}"`;
}

function replyOf({ text, topics, version }: Made, readAt: number): ReadyReply {
  return { bytes: encoder.encode(text), etag: etagOf(text, version), next: nextCursorOf(text) ?? null, topics, readAt };
}

/** Lists end with their cursor, so it is read off the end of the text: a page may have been written by the database. */
export function nextCursorOf(text: string): string | undefined {
  return text.endsWith('"}') ? /"nextCursor":"([^"]+)"\}$/.exec(text.slice(-2200))?.[1] : undefined;
}

const decoder = new TextDecoder();

/** How processes hand a reply to each other: what is said of it, and its text on the second line. */
const textOf = ({ bytes, etag, next, topics }: ReadyReply): string => `${JSON.stringify({ etag, next, topics })}\n${decoder.decode(bytes)}`;

function replyIn(value: string, readAt: number): ReadyReply {
  const end = value.indexOf('\n');
  const { etag, next, topics } = JSON.parse(value.slice(0, end)) as Pick<ReadyReply, 'etag' | 'next' | 'topics'>;
  return { bytes: encoder.encode(value.slice(end + 1)), etag, next, topics, readAt };
}
