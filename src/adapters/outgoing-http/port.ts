/** What is sent to an address that somebody outside has named. */
export interface OutgoingPost {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array;
  /** Also ends the call, for callers whose own time is limited. */
  signal?: AbortSignal | undefined;
}

/** A file that is wanted from an address that somebody outside has named. */
export interface OutgoingGet {
  url: string;
  headers: Readonly<Record<string, string>>;
  /** How much of its body is read. */
  limitBytes: number;
  signal?: AbortSignal | undefined;
}

export interface OutgoingFile {
  status: number;
  /** Whether the body was longer, or did not end in time. */
  isCut: boolean;
  body: Buffer;
}

/** The answer, whatever its status. A redirection is an answer: nobody follows it. */
export interface OutgoingAnswer {
  status: number;
  /** What `Retry-After` says, as it came. */
  retryAfter: string | undefined;
  /** The beginning of the body as text, as far as it came in time: at most `BODY_LIMIT_BYTES` are read. */
  body: string;
  /** Whether the body was longer, or did not end in time. */
  isCut: boolean;
}

/**
 * Why there is no answer.
 * - `address`: the host is, or resolves to, an address that may not be reached: private, loopback, link-local, …
 * - `url`: it is no URL that may be called, such as one with a password.
 * - `name`: the name of the host cannot be resolved.
 * - `tls`: the certificate is not valid for the host, or there is no TLS.
 * - `connection`: nobody takes the connection, or it broke.
 * - `timeout`: it took too long.
 * - `answer`: what came back is no HTTP, or its header is too large.
 */
export type FailureReason = 'address' | 'url' | 'name' | 'tls' | 'connection' | 'timeout' | 'answer';

/** The call had no answer. Its message says why, without the path or the query of the URL. */
export class OutgoingFailure extends Error {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string) {
    super(message);
    this.name = 'OutgoingFailure';
    this.reason = reason;
  }
}

/** How much of an answer is read. */
export const BODY_LIMIT_BYTES = 16 * 1024;

/**
 * HTTP to addresses that people outside have named: webhooks, push services. It reaches public addresses only, checked on the very
 * address that it connects to; a POST follows no redirection, and the time, the header and the body of every answer are bounded.
 */
export interface OutgoingHttp {
  /** @throws OutgoingFailure when no answer came. What arrived meanwhile is not known: repeat it with the same id. */
  post(call: OutgoingPost): Promise<OutgoingAnswer>;
  /** A GET. Redirections are followed, three at most, each to an address that was checked as the first. @throws OutgoingFailure */
  get(call: OutgoingGet): Promise<OutgoingFile>;
  /**
   * Whether the URL may be called as far as it can be known now, for the one who registers it. A name that cannot be resolved may be.
   * @returns undefined, or what is wrong with it.
   */
  refusalOf(url: string): Promise<string | undefined>;
}
