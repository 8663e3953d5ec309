import { z } from 'zod';

/** One entry of `errors` in a validation problem: where (a JSON Pointer) and what. */
export const FieldError = z
  .object({ pointer: z.string(), detail: z.string(), in: z.enum(['body', 'query', 'path', 'header']).optional() })
  .meta({ example: { pointer: '/email', detail: 'must be an email address', in: 'body' } });
export type FieldError = z.infer<typeof FieldError>;

/** A refusal that the caller can act on. It becomes an RFC 9457 reply at the edge and crosses services unchanged. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly extra: Readonly<Record<string, unknown>>;
  /** The answer to an earlier call with the same Idempotency-Key. */
  readonly isReplayed: boolean;

  constructor(code: string, status: number, title: string, detail: string, extra: Record<string, unknown> = {}, isReplayed = false) {
    super(detail);
    this.name = 'Problem';
    this.code = code;
    this.status = status;
    this.title = title;
    this.extra = extra;
    this.isReplayed = isReplayed;
  }
}

type Members = Readonly<Record<string, z.ZodType>>;
type Figures<M extends Members> = z.infer<z.ZodObject<M>>;

const NEW_KEY = 'This was the answer to the first call with this Idempotency-Key, and it stays so: send a new key to try again.';

/** A stored refusal as a repeated call meets it. One that says to ask again with the same key is no answer yet, and stays as it is. */
export const replayedRefusal = ({ code, status, title, message, extra }: Problem): Problem =>
  extra.retryAfterSeconds === undefined
    ? new Problem(code, status, title, `${message} ${NEW_KEY}`, extra, true)
    : new Problem(code, status, title, message, extra);

export interface ProblemKind<Extra extends object = object> {
  (extra?: Extra): Problem;
  readonly code: string;
  readonly status: number;
  readonly title: string;
  /** The members of its reply beside those of every problem. */
  readonly members: Members;
  /** True for a problem of this kind, thrown here or by a service that answered with it. */
  is(error: unknown): error is Problem;
}

/**
 * Declares a kind of refusal: a stable code, a status, and the sentence that a person reads.
 * `members` are figures that the refusal carries; `detail` may be made from them.
 */
export function problem<M extends Members = Record<never, never>>(kind: {
  code: string;
  status: number;
  title: string;
  members?: M;
  detail: string | ((figures: Figures<M>) => string);
}): ProblemKind<Figures<M>> {
  const make = (extra?: Figures<M>): Problem => {
    const figures = extra ?? ({} as Figures<M>);
    const detail = typeof kind.detail === 'string' ? kind.detail : kind.detail(figures);
    return new Problem(kind.code, kind.status, kind.title, detail, figures as Record<string, unknown>);
  };
  const is = (error: unknown): error is Problem => error instanceof Problem && error.code === kind.code;
  return Object.assign(make, { code: kind.code, status: kind.status, title: kind.title, members: kind.members ?? {}, is });
}

export const malformed = problem({
  code: 'malformed',
  status: 400,
  title: 'The request cannot be read',
  members: { reason: z.string() },
  detail: ({ reason }) => reason,
});

export const invalid = problem({
  code: 'invalid',
  status: 422,
  title: 'The request does not fit its schema',
  members: { errors: z.array(FieldError) },
  detail: ({ errors }) => `${errors.length} ${errors.length === 1 ? 'field does' : 'fields do'} not fit; see errors (20 at most).`,
});

export const unauthenticated = problem({
  code: 'unauthenticated',
  status: 401,
  title: 'Sign in first',
  members: { reason: z.string().optional() },
  detail: ({ reason }) => reason ?? 'This call needs a valid access token: Authorization: Bearer <token>.',
});

export const forbidden = problem({
  code: 'forbidden',
  status: 403,
  title: 'Not allowed',
  members: { permission: z.string().optional() },
  detail: ({ permission }) => (permission ? `This call needs the permission ${permission}.` : 'You may not do this.'),
});

export const accountNeeded = problem({
  code: 'account-needed',
  status: 403,
  title: 'An account is needed',
  detail: 'An API key may not make this call, because it concerns an account or needs a second factor. Sign in and send an access token.',
});

/** For what cannot be undone. */
export const signInAgain = problem({
  code: 'sign-in-again',
  status: 403,
  title: 'Sign in again first',
  detail:
    'This cannot be undone, so it needs a sign-in of the last 10 minutes: by password, or at the identity provider. Then repeat the call with the new token.',
});

export const mfaRequired = problem({
  code: 'mfa-required',
  status: 403,
  title: 'Prove the second factor first',
  detail:
    'This call needs a second factor that was proven in the last 10 minutes: POST /v1/auth/step-up with a code, then send the new token.',
});

export const mfaEnrolmentRequired = problem({
  code: 'mfa-enrolment-required',
  status: 403,
  title: 'Enrol a second factor first',
  detail: 'Your role needs a second factor for this call: enrol one with POST /v1/auth/mfa/totp.',
});

export const notFound = problem({
  code: 'not-found',
  status: 404,
  title: 'Not found',
  detail: 'There is nothing here that you may see.',
});

export const methodNotAllowed = problem({
  code: 'method-not-allowed',
  status: 405,
  title: 'Method not allowed',
  members: { allow: z.string() },
  detail: ({ allow }) => `This path answers ${allow}.`,
});

/** Nobody receives it. In the log and the metrics it is distinct from our own failures. */
export const clientGone = problem({
  code: 'client-gone',
  status: 499,
  title: 'The caller has gone',
  detail: 'The connection ended before the whole request had arrived.',
});

export const requestTimeout = problem({
  code: 'request-timeout',
  status: 408,
  title: 'The request took too long to arrive',
  detail: 'The connection is closed. Send the request again, as a whole.',
});

export const headersTooLarge = problem({
  code: 'headers-too-large',
  status: 431,
  title: 'The header is too large',
  members: { limitBytes: z.int() },
  detail: ({ limitBytes }) => `All header fields together may have at most ${limitBytes} bytes.`,
});

export const tooLarge = problem({
  code: 'too-large',
  status: 413,
  title: 'The body is too large',
  members: { limitBytes: z.int() },
  detail: ({ limitBytes }) => `A body may have at most ${limitBytes} bytes.`,
});

export const unsupportedMedia = problem({
  code: 'unsupported-media-type',
  status: 415,
  title: 'Unsupported content type',
  members: { expected: z.string() },
  detail: ({ expected }) => `Send the body as ${expected}.`,
});

export const rangeNotSatisfiable = problem({
  code: 'range-not-satisfiable',
  status: 416,
  title: 'There is no such part of the file',
  members: { sizeBytes: z.int() },
  detail: ({ sizeBytes }) => `The file has ${sizeBytes} bytes.`,
});

export const keyMissing = problem({
  code: 'idempotency-key-missing',
  status: 400,
  title: 'Idempotency-Key is missing',
  detail: 'This call moves money or stock: send an Idempotency-Key header (a UUID is fine), and repeat it when you retry.',
});

export const keyReused = problem({
  code: 'idempotency-key-reused',
  status: 422,
  title: 'Idempotency-Key was used with another body',
  detail: 'This key was used for a call with another body. Use a new key for a new call.',
});

export const stillRunning = problem({
  code: 'still-running',
  status: 409,
  title: 'The same call is still running',
  members: { retryAfterSeconds: z.int() },
  detail: 'The same call has not ended yet. Ask again in a moment, with the same Idempotency-Key if you sent one.',
});

export const versionMismatch = problem({
  code: 'version-mismatch',
  status: 412,
  title: 'The version has changed',
  members: { current: z.int() },
  detail: ({ current }) => `If-Match or If-None-Match rules out the current version, which is "${current}". Read it again, then decide.`,
});

export const tooMany = problem({
  code: 'too-many-requests',
  status: 429,
  title: 'Too many requests',
  members: { retryAfterSeconds: z.int() },
  detail: ({ retryAfterSeconds }) => `Ask again in ${retryAfterSeconds} s.`,
});

export const unavailable = problem({
  code: 'unavailable',
  status: 503,
  title: 'Not available at the moment',
  members: { retryAfterSeconds: z.int(), reason: z.string().optional() },
  detail: ({ reason }) =>
    reason ?? 'Something that this call needs does not answer. Ask again with the same Idempotency-Key: nothing happens twice.',
});

export const internalError = problem({
  code: 'internal-error',
  status: 500,
  title: 'Internal error',
  detail: 'The error was logged under the request id of this reply.',
});
