import type { Logger } from 'pino';

export interface Count {
  readonly allowed: boolean;
  /** How many more are allowed until `resetMs` have passed. */
  readonly remaining: number;
  readonly resetMs: number;
}

/** Counts what is done under a key: at most so many in so many seconds. */
export interface Limiter {
  count(key: string): Promise<Count>;
}

/**
 * Texts that processes share for a moment. Times are by the clock of the cache, which all of them ask, so that no delay and no clock
 * of a process makes a text seem younger than it is. Nothing here throws: what cannot be found is not there.
 */
export interface SharedValues {
  /** What is stored under a key, and how long ago its maker asked. `askedAt` is for `put`; undefined while the cache is away. */
  find(key: string): Promise<{ askedAt: number; stored: { value: string; ageMs: number } | undefined } | undefined>;
  /** Stores a text until `lifeMs` after `askedAt`. One that arrives later is not stored. */
  put(key: string, value: string, askedAt: number, lifeMs: number): Promise<void>;
}

/** What the processes of one Souk share for a moment, and may lose: without it Souk is slower, never wrong. */
export interface Cache {
  /** One limit for all processes that share the cache. */
  limiter(name: string, points: number, seconds: number): Limiter;
  /** Undefined where nothing is shared. */
  readonly shared?: SharedValues;
  /** `away` while it does not answer: then each process counts by itself. */
  state(): 'ok' | 'away';
  /** Connects. Resolves when it has, or when it goes on trying. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export type OpenCache = (parts: { log: Logger }) => Cache | Promise<Cache>;
