/** How processes on one database wake each other. What is said while nobody hears is lost. */
export interface Signals {
  /**
   * True while this process is known to hear: it sends itself a signal every few seconds, and has heard the last one. An open
   * connection is no proof. While false, callers must look for themselves.
   */
  hearing(): boolean;
  /** `heard` runs at each signal, and once whenever hearing begins anew (what was said meanwhile is lost). */
  on(channel: string, heard: () => void): void;
  /** How many processes hear, this one among them; undefined when that cannot be known now. */
  listeners(): Promise<number | undefined>;
  /** Begins to hear. Resolves when it does, or when it goes on trying. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export type OpenSignals = (parts: { url: string }) => Signals;
