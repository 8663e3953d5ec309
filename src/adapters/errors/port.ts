/** Where something unexpected happened: names and ids, never what people typed. */
export interface Place {
  /** An operation, a queue or a timer. */
  readonly place: string;
  readonly request?: string | null | undefined;
  /** The `traceparent` of the call or job. */
  readonly trace?: string | null | undefined;
}

/** Tells developers about errors that nobody expected. */
export interface Errors {
  /** Never waits and never throws. A fault that repeats is told again after a minute; while reports cannot leave, further ones are dropped. */
  report(error: unknown, at: Place): void;
  /** Sends what is left, for two seconds at most. */
  stop(): Promise<void>;
}

/** `version` is that of Souk, which reports tell. */
export type OpenErrors = (version: string) => Promise<Errors>;
