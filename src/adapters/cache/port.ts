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

/** What the processes of one Souk share for a moment, and may lose: without it Souk is slower, never wrong. */
export interface Cache {
  /** One limit for all processes that share the cache. */
  limiter(name: string, points: number, seconds: number): Limiter;
  /** `away` while it does not answer: then each process counts by itself. */
  state(): 'ok' | 'away';
  /** Connects. Resolves when it has, or when it goes on trying. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export type OpenCache = (parts: { log: Logger }) => Cache;
