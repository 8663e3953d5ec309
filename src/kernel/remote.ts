import { jwtVerify, SignJWT } from 'jose';
import CircuitBreaker from 'opossum';
import type { Tracing } from '#adapters/tracing/port.ts';
import { type Cause, causeOf } from './cause.ts';
import type { Actor } from './context.ts';
import type { Metrics } from './metrics.ts';
import { Problem, unavailable } from './problems.ts';
import type { AskRemote, Scope } from './runtime.ts';

const TIMEOUT_MS = 5000;
const ATTEMPTS = 3;
/** Of what is left to the caller, this much stays for the way back. */
const WAY_BACK_MS = 20;
/** How many milliseconds the caller still waits. */
export const DEADLINE = 'souk-deadline';
const TOKEN_SECONDS = 30;
const CLOCKS_DIFFER_SECONDS = 5;

/** What an internal token says: which module asks what of which, and for whom. */
interface Claims {
  caller: string;
  module: string;
  operation: string;
  actor: Omit<Actor, 'permissions'> & { permissions: string[] };
  /** Address of who called first, so that limits count them and not the service that asks. */
  address?: string | null;
  /** What led to the call. */
  cause?: Cause | null;
}

/**
 * Asks modules in other processes: POST `/internal/<module>/<operation>`, with a time limit that never exceeds the caller's, retries
 * under the same key at the next of the addresses, and a circuit breaker per module. A refusal comes back as the same problem; no answer is `unavailable`, and means
 * that how it ended is not known.
 */
export function remoteAsker(
  urls: Readonly<Record<string, string>>,
  secret: string | undefined,
  tracing: Tracing,
  metrics: Pick<Metrics, 'breaker'>,
): AskRemote {
  const key = new TextEncoder().encode(secret ?? '');
  const breakers = new Map<string, CircuitBreaker<Parameters<typeof send>, unknown>>();
  const breakerOf = (module: string) => {
    const known = breakers.get(module);
    if (known) return known;
    const breaker = new CircuitBreaker(send, {
      timeout: false,
      errorThresholdPercentage: 60,
      volumeThreshold: 10,
      resetTimeout: 2000,
      errorFilter: (error: unknown) => error instanceof Problem && error.status < 500,
    });
    breakers.set(module, breaker);
    metrics.breaker(module, false);
    breaker.on('open', () => metrics.breaker(module, true));
    breaker.on('close', () => metrics.breaker(module, false));
    return breaker;
  };
  return async (caller, module, operation, input, scope) => {
    const bases = urls[module]?.split(',').map((url) => url.trim().replace(/\/$/, ''));
    if (!bases || !secret)
      throw new Error(`The module ${module} does not live here: set ${module.toUpperCase()}_SERVICE_URL and INTERNAL_SECRET.`);
    const token = await sign(key, { caller, module, operation }, scope);
    try {
      const asked = { bases, path: `/internal/${module}/${operation}`, body: JSON.stringify({ input }) };
      return await tracing.span(`POST ${asked.path}`, { kind: 'client' }, (span) => {
        const headers = headersOf(token, span.trace ?? causeOf(scope)?.trace);
        return breakerOf(module).fire({ ...asked, headers }, scope.deadline, scope.signal);
      });
    } catch (error) {
      throw error instanceof Problem ? error : Object.assign(unavailable({ retryAfterSeconds: 2 }), { cause: error });
    }
  };
}

const headersOf = (token: string, trace: string | null | undefined): Record<string, string> => ({
  authorization: `Internal ${token}`,
  'content-type': 'application/json',
  ...(trace ? { traceparent: trace } : {}),
});

interface Asked {
  bases: readonly string[];
  path: string;
  headers: Record<string, string>;
  body: string;
}

let turn = 0;

async function send(
  { bases, path, headers, body }: Asked,
  deadline: number | undefined,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const first = turn++;
  for (let attempt = 1; ; attempt++) {
    const waits = Math.min(TIMEOUT_MS, deadline === undefined ? Infinity : Math.floor(deadline - performance.now() - WAY_BACK_MS));
    if (waits <= 0) throw unavailable({ retryAfterSeconds: 2 });
    try {
      const ends = AbortSignal.any([AbortSignal.timeout(waits), ...(signal ? [signal] : [])]);
      const reply = await fetch(bases[(first + attempt) % bases.length] + path, {
        method: 'POST',
        headers: { ...headers, [DEADLINE]: String(waits) },
        body,
        signal: ends,
      });
      const answer = (await reply.json()) as {
        output?: unknown;
        code?: string;
        title?: string;
        detail?: string;
        type?: string;
        status?: number;
        instance?: string;
      };
      if (reply.ok) return answer.output;
      const { code = 'internal-error', title = '', detail = '', type: _type, status: _status, instance: _instance, ...extra } = answer;
      throw new Problem(code, reply.status, title, detail, extra);
    } catch (error) {
      if ((error instanceof Problem && error.status < 500) || attempt === ATTEMPTS || signal?.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50 * 4 ** attempt * Math.random()));
    }
  }
}

const sign = (key: Uint8Array, asked: Omit<Claims, 'actor' | 'address' | 'cause'>, scope: Scope): Promise<string> =>
  new SignJWT({
    ...asked,
    actor: { ...scope.actor, permissions: [...scope.actor.permissions] },
    address: scope.request?.address ?? scope.address ?? null,
    cause: causeOf(scope),
  })
    .setProtectedHeader({ alg: 'HS256' })
    .setAudience('souk-internal')
    .setIssuedAt()
    .setExpirationTime(`${TOKEN_SECONDS}s`)
    .sign(key);

/**
 * Reads who asks from an internal token. It opens one operation, and must say when it was made and when it ends, not long after.
 * @returns undefined if it is not one of ours, too old, valid for too long, or for another operation.
 */
export async function readInternalToken(
  authorization: string | null,
  secret: string,
  asked: { module: string; operation: string },
): Promise<{ caller: string; actor: Actor; address: string | null; cause: Cause | null } | undefined> {
  if (!authorization?.startsWith('Internal ')) return undefined;
  try {
    const key = new TextEncoder().encode(secret);
    const { payload } = await jwtVerify<Claims>(authorization.slice('Internal '.length), key, {
      audience: 'souk-internal',
      algorithms: ['HS256'],
      requiredClaims: ['exp', 'iat'],
      maxTokenAge: TOKEN_SECONDS,
      clockTolerance: CLOCKS_DIFFER_SECONDS,
    });
    if (payload.exp! - payload.iat! > TOKEN_SECONDS || payload.module !== asked.module || payload.operation !== asked.operation)
      return undefined;
    return {
      caller: payload.caller,
      actor: { ...payload.actor, partner: payload.actor.partner ?? null, permissions: new Set(payload.actor.permissions) },
      address: payload.address ?? null,
      cause: payload.cause ?? null,
    };
  } catch {
    return undefined;
  }
}
