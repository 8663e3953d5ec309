import type { Sql } from '#kernel/database.ts';

/** How processes on one database wake each other. What is said while nobody hears is lost. */
export interface Signals {
  /**
   * True while this process is known to hear: it sends itself a signal every few seconds, and has heard the last one. An open
   * connection is no proof. While false, callers must look for themselves.
   */
  hearing(): boolean;
  /** `heard` runs at each signal, and once whenever hearing begins anew (what was said meanwhile is lost). */
  on(channel: string, heard: () => void): void;
  /** Tells all processes that hear these channels, this one too. @throws when it could not be sent; they find out when they look next. */
  send(channels: readonly string[]): Promise<void>;
  /**
   * The statement by which a transaction on Souk's database sends signals as it commits, or never. An engine outside the database
   * has none: its signals are sent after the commit.
   */
  readonly sentByCommit?: (channels: readonly string[]) => Sql;
  /** How many processes hear, this one among them; undefined when that cannot be known now. */
  listeners(): Promise<number | undefined>;
  /** Begins to hear. Resolves when it does, or when it goes on trying. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export type OpenSignals = (parts: { url: string }) => Signals;
