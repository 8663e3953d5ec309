import type { Sql } from '#kernel/database.ts';

/** How processes on one database wake each other. A signal is lost while nobody listens. */
export interface Signals {
  /**
   * True while this process is known to hear: it sends itself a signal every few seconds, and has heard the last one. An open
   * connection is no proof. While false, callers must look for themselves.
   */
  hearing(): boolean;
  /** `heard` runs at each signal, and once each time listening starts again (signals meanwhile are lost). */
  on(channel: string, heard: () => void): void;
  /** Signals all processes that listen to these channels, this one too. @throws if it could not be sent; they notice at their next look. */
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

export type OpenSignals = (parts: { url: string }) => Signals | Promise<Signals>;
