import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { householdOf } from './addresses.ts';
import { tooMany } from './problems.ts';
import type { LimitName } from './routes.ts';

/** Points per window, for one principal or one address (of IPv6 its /64). docs/running.md names them. */
const LIMITS = {
  principal: { points: 600, seconds: 60 },
  address: { points: 1200, seconds: 60 },
  'sign-in': { points: 20, seconds: 60 },
  'sign-in-elsewhere': { points: 60, seconds: 60 },
  refresh: { points: 300, seconds: 60 }, // an office behind one address; a refresh token cannot be guessed
  codes: { points: 10, seconds: 60 },
  'sign-up': { points: 30, seconds: 60 },
  'api-keys': { points: 30, seconds: 60 },
  probes: { points: 600, seconds: 60 }, // health and metrics: a load balancer asks often, and is not to be shut out by its callers
  'docs-files': { points: 120, seconds: 60 },
} as const;

export interface Limits {
  /** Counts a request of any path, before anything else is done. @returns the RateLimit headers of the reply. @throws tooMany */
  countAddress(address: string, name?: 'address' | 'probes' | 'docs-files'): Promise<Record<string, string>>;
  /** Counts a call of who has signed in; these headers then stand in the reply. @throws tooMany */
  countPrincipal(principal: string): Promise<Record<string, string>>;
  /** Counts it against a narrow one too, whose headers then stand in the reply. @throws tooMany */
  countNarrow(name: LimitName, address: string): Promise<Record<string, string>>;
}

export const noLimits: Limits = { countAddress: async () => ({}), countPrincipal: async () => ({}), countNarrow: async () => ({}) };

/** Limits kept in this process's memory; a process of several counts its own share. */
export function limitsInMemory(): Limits {
  const limiters = Object.fromEntries(
    Object.entries(LIMITS).map(([name, { points, seconds }]) => [
      name,
      new RateLimiterMemory({ keyPrefix: name, points, duration: seconds }),
    ]),
  ) as Record<keyof typeof LIMITS, RateLimiterMemory>;

  const consume = async (name: keyof typeof LIMITS, key: string): Promise<Record<string, string>> => {
    const { points, seconds } = LIMITS[name];
    const policy = { 'ratelimit-policy': `"${name}";q=${points};w=${seconds}` };
    try {
      const left = await limiters[name].consume(key);
      return { ...policy, ratelimit: `"${name}";r=${left.remainingPoints};t=${Math.ceil(left.msBeforeNext / 1000)}` };
    } catch (refusal) {
      throw tooMany({ retryAfterSeconds: Math.max(1, Math.ceil((refusal as RateLimiterRes).msBeforeNext / 1000)) });
    }
  };

  return {
    countAddress: (address, name = 'address') => consume(name, householdOf(address)),
    countPrincipal: (principal) => consume('principal', principal),
    countNarrow: (name, address) => consume(name, householdOf(address)),
  };
}
