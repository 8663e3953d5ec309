import CircuitBreaker from 'opossum';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { countBy, memoryLimiter } from './memory.ts';
import type { Count, OpenCache, SharedValues } from './port.ts';

/** An answer that takes longer is not worth waiting for. */
const ANSWER_MS = 150;
/** After failures Redis is left alone for so long. */
const REST_MS = 1000;
const CONNECT_MS = 2000;

const NOW = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)";
const FIND = `${NOW} return {now, redis.call('GET', KEYS[1])}`;
/** Judged when it arrives, however long it was under way. A clock that was set back makes no text live longer. */
const PUT = `${NOW} local left = ARGV[2] + ARGV[3] - now
if left > 0 and left <= tonumber(ARGV[3]) then redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. ARGV[1], 'PX', left) end`;

/** Redis, shared by all processes that name it. While it is away or slow, each of them counts in its own memory. */
export const redisCache =
  (url: string): OpenCache =>
  async ({ log }) => {
    const { createClient } = await import('@redis/client'); // 480 files, for those who have Redis
    const client = createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: 5000,
      pingInterval: 2000,
      socket: { connectTimeout: CONNECT_MS, reconnectStrategy: (retries: number) => Math.min(100 * 2 ** retries, 2000) },
    });
    let told = false;
    client.on('error', (error) => {
      if (!told) log.warn({ err: error }, 'Redis does not answer; until it does, this process counts and remembers by itself');
      told = true;
    });
    client.on('ready', () => {
      if (told) log.info('Redis answers again');
      told = false;
    });
    const breaker = new CircuitBreaker((ask: () => Promise<unknown>) => ask(), {
      timeout: ANSWER_MS,
      resetTimeout: REST_MS,
      rollingCountTimeout: REST_MS,
      errorThresholdPercentage: 20,
      volumeThreshold: 3,
    });

    const nothing = () => undefined;
    const shared: SharedValues = {
      async find(key) {
        const answer = await breaker.fire(() => client.eval(FIND, { keys: [key] })).catch(nothing);
        if (!answer) return undefined;
        const [now, stored] = answer as [number, string | null];
        const age = stored === null ? -1 : now - Number.parseInt(stored, 10) + 1; // both are cut to milliseconds
        const isStored = stored !== null && age > 0;
        return { askedAt: now, stored: isStored ? { value: stored.slice(stored.indexOf(' ') + 1), ageMs: age } : undefined };
      },
      async put(key, value, askedAt, lifeMs) {
        await breaker.fire(() => client.eval(PUT, { keys: [key], arguments: [value, `${askedAt}`, `${lifeMs}`] })).catch(nothing);
      },
    };

    return {
      shared,
      limiter(name, points, seconds) {
        const insurance = memoryLimiter(name, points, seconds);
        const limiter = new RateLimiterRedis({
          storeClient: client,
          useRedisPackage: true,
          keyPrefix: `souk:limit:${name}`,
          points,
          duration: seconds,
          inMemoryBlockOnConsumed: points + 1, // a flood from one address is refused without asking
        });
        return { count: (key) => breaker.fire(() => countBy(limiter, key)).catch(() => insurance.count(key)) as Promise<Count> };
      },
      state: () => (client.isReady && !breaker.opened ? 'ok' : 'away'),
      async start() {
        const connected = client.connect().catch(() => {});
        await Promise.race([connected, new Promise((resolve) => setTimeout(resolve, CONNECT_MS).unref())]);
      },
      async stop() {
        breaker.shutdown();
        client.destroy();
      },
    };
  };
