/** Where something unexpected happened: names and ids, never what people typed. */
export interface Place {
  /** An operation, a queue or a timer. */
  readonly place: string;
  readonly request?: string | null | undefined;
  /** The `traceparent` of the call or job. */
  readonly trace?: string | null | undefined;
}

/** Reports unexpected errors to developers. */
export interface Errors {
  /** Never waits and never throws. A repeated fault is reported again after a minute. While reports cannot be sent, further ones are dropped. */
  report(error: unknown, at: Place): void;
  /** Sends what is left, for two seconds at most. */
  stop(): Promise<void>;
}

/** `version` is that of Souk. Reports contain it. */
export type OpenErrors = (version: string) => Promise<Errors>;
