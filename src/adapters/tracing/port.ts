export type Attributes = Readonly<Record<string, string | number>>;

export interface SpanParts {
  readonly kind: 'server' | 'client' | 'producer' | 'consumer';
  /** The `traceparent` of what led to it; null begins a trace; undefined is the span that runs now. */
  readonly parent?: string | null;
  /** Other spans that it has to do with, as `traceparent`. */
  readonly links?: readonly string[];
  readonly attributes?: Attributes;
}

export interface Span {
  /** Its `traceparent` (W3C Trace Context); null where nothing is traced. */
  readonly trace: string | null;
  set(attributes: Attributes): void;
  /** Marks it as failed; `why` is a short word, never a message. */
  failed(why: string): void;
}

/** What a process does, as spans of traces. Names and attributes are patterns, names and figures, never what people typed. */
export interface Tracing {
  /** False where nothing is traced: then callers may skip what is done for traces only. */
  readonly isOn: boolean;
  /** Runs `work` in a span. One that throws has failed, unless it threw a refusal (a status below 500). */
  span<T>(name: string, parts: SpanParts, work: (span: Span) => Promise<T>): Promise<T>;
  /** Notes a span that is over. @returns its `traceparent`. */
  passed(name: string, parts: SpanParts & { from: Date; to: Date }): string | null;
  /** Sends an SQL statement in a span of its own, within a span that runs; outside of one it only sends it. */
  statement<T>(text: string, send: () => Promise<T>): Promise<T>;
  /** Sends what is left, for two seconds at most. */
  stop(): Promise<void>;
}

/** `version` is that of Souk. Traces contain it. */
export type OpenTracing = (version: string) => Promise<Tracing>;
