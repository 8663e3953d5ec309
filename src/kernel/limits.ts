import type { Cache } from '#adapters/cache/port.ts';
import { subnetOf } from './addresses.ts';
import { tooMany } from './problems.ts';

/** How many calls in how long. */
export interface LimitSpec {
  readonly points: number;
  readonly seconds: number;
}

/** Narrow limits that a module's routes name, for one address each (of IPv6 its /64). */
export type LimitSpecs = Readonly<Record<string, LimitSpec>>;

/** For one principal or one address. docs/running.md names them. */
const GENERAL = {
  principal: { points: 600, seconds: 60 },
  address: { points: 1200, seconds: 60 },
  'api-keys': { points: 30, seconds: 60 }, // those that were refused
  probes: { points: 600, seconds: 60 }, // health and metrics: a load balancer asks often, and is not to be shut out by its callers
  'docs-files': { points: 120, seconds: 60 },
} as const;

/** The limits of the kernel and of all modules. @throws Error when two declare the same. */
export function limitsOf(modules: readonly { name: string; limits: LimitSpecs }[]): LimitSpecs {
  const all: Record<string, LimitSpec> = { ...GENERAL };
  for (const { name, limits } of modules) {
    for (const [limit, spec] of Object.entries(limits)) {
      if (Object.hasOwn(all, limit)) throw new Error(`${name} declares the limit ${limit}, which another module has already.`);
      all[limit] = spec;
    }
  }
  return all;
}

export interface Limits {
  /** Counts a request of any path, before anything else is done. @returns the RateLimit headers of the reply. @throws tooMany */
  countAddress(address: string, name?: 'address' | 'probes' | 'docs-files'): Promise<Record<string, string>>;
  /** Counts a call of a signed-in caller; the reply gets these headers. @throws tooMany */
  countPrincipal(principal: string): Promise<Record<string, string>>;
  /** Counts it against a narrow limit too; the reply gets the headers of that one. @throws tooMany */
  countNarrow(name: string, address: string): Promise<Record<string, string>>;
}

export const noLimits: Limits = { countAddress: async () => ({}), countPrincipal: async () => ({}), countNarrow: async () => ({}) };

/** Limits counted in the cache: for all processes that share it. */
export function openLimits(specs: LimitSpecs, cache: Pick<Cache, 'limiter'>): Limits {
  const limiters = new Map(
    Object.entries(specs).map(([name, { points, seconds }]) => [name, { points, seconds, limiter: cache.limiter(name, points, seconds) }]),
  );

  const consume = async (name: string, key: string): Promise<Record<string, string>> => {
    const limit = limiters.get(name);
    if (!limit) throw new Error(`No module declares the limit ${name}.`);
    const { points, seconds, limiter } = limit;
    const { allowed, remaining, resetMs } = await limiter.count(key);
    const resetSeconds = Math.ceil(resetMs / 1000);
    if (!allowed) throw tooMany({ retryAfterSeconds: Math.max(1, resetSeconds) });
    return { 'ratelimit-policy': `"${name}";q=${points};w=${seconds}`, ratelimit: `"${name}";r=${remaining};t=${resetSeconds}` };
  };

  return {
    countAddress: (address, name = 'address') => consume(name, subnetOf(address)),
    countPrincipal: (principal) => consume('principal', principal),
    countNarrow: (name, address) => consume(name, subnetOf(address)),
  };
}
