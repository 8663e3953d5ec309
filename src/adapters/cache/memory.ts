import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Count, Limiter, OpenCache } from './port.ts';

/** In the memory of this process: enough where there is one. */
export const memoryCache: OpenCache = () => ({
  limiter: memoryLimiter,
  state: () => 'ok',
  async start() {},
  async stop() {},
});

export function memoryLimiter(name: string, points: number, seconds: number): Limiter {
  const limiter = new RateLimiterMemory({ keyPrefix: name, points, duration: seconds });
  return { count: (key) => countBy(limiter, key) };
}

/** The library rejects with the count where it allows no more. */
export const countBy = async (limiter: RateLimiterAbstract, key: string): Promise<Count> => {
  const told = (allowed: boolean, { remainingPoints, msBeforeNext }: RateLimiterRes): Count => ({
    allowed,
    remaining: remainingPoints,
    resetMs: msBeforeNext,
  });
  return limiter.consume(key).then(
    (left) => told(true, left),
    (refusal) => {
      if (refusal instanceof RateLimiterRes) return told(false, refusal);
      throw refusal;
    },
  );
};
