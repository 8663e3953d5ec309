import { LRUCache } from 'lru-cache';
import { isId } from './ids.ts';
import { operationId, type Route } from './routes.ts';

/** Addresses under which ready replies were asked for. One that is known need not be read again. At most 4 MiB. */
export interface Spellings {
  /** The key of a reply, by an address that was asked before. */
  find(url: string): string | undefined;
  /**
   * The key of a reply: what was asked, without how it was written. It is the same for every order and spelling of the parameters.
   * Undefined for later pages, which few ask for twice, and for very long questions: their replies are not stored.
   */
  note(url: string, route: Route, call: { params: unknown; query: unknown }): string | undefined;
}

const ALL_BYTES = 4 * 1024 * 1024;
const LONGEST = 1000;

export function openSpellings(): Spellings {
  const keys = new LRUCache<string, string>({ maxSize: ALL_BYTES, sizeCalculation: (key, url) => 2 * (key.length + url.length) + 200 });
  return {
    find: (url) => keys.get(url),
    note(url, route, { params, query }) {
      const asked = Object.entries((query ?? {}) as Record<string, unknown>).filter(([, value]) => value !== undefined);
      if (asked.some(([name]) => name === 'cursor')) return undefined;
      const named = Object.values(params as Record<string, string>).map((value) => (isId(value) ? value.toLowerCase() : value));
      const key = `${operationId(route)} ${JSON.stringify([named, asked.sort(([a], [b]) => (a < b ? -1 : 1))])}`;
      if (key.length > LONGEST || url.length > LONGEST) return undefined;
      keys.set(url, key);
      return key;
    },
  };
}
