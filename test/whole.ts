import { grantServiceRoles } from '../apps/service-roles.ts';
import { freePort } from '../infra/local/free-port.ts';
import { type Gateway, nginxIsHere, startGateway } from '../infra/local/nginx.ts';
import { type Pooler, pgbouncerIsHere, startPooler } from '../infra/local/pgbouncer.ts';
import { type RabbitMq, rabbitIsHere, startRabbitMq } from '../infra/local/rabbitmq.ts';
import { type Redis, redisIsHere, startRedis } from '../infra/local/redis.ts';
import { type LocalServices, startServices } from '../infra/local/services.ts';
import { roleOf } from '../infra/roles.ts';
import { type Service, services } from '../infra/topology.ts';
import { everything as modules } from '../src/souk.ts';
import type { Call } from './people.ts';
import { SECRET_KEYS } from './real-server.ts';

/** The same in all tests: a role is one for all databases of a server. */
export const ROLE_PASSWORD = 'known to the tests';

const programs = { 'nginx-light': nginxIsHere, pgbouncer: pgbouncerIsHere, 'rabbitmq-server': rabbitIsHere, 'redis-server': redisIsHere };

/** Packages that are not installed, without which the whole cannot be started. */
export const missingPackages: readonly string[] = Object.entries(programs).flatMap(([name, isHere]) => (isHere ? [] : [name]));

/** All services behind nginx, on RabbitMQ, Redis and PgBouncer, each with a database role of its own. For tests. */
export interface Whole {
  rabbit: RabbitMq;
  redis: Redis;
  pooler: Pooler;
  local: LocalServices;
  gateway: Gateway;
  /** Calls the gateway. */
  call: Call;
  stop(): Promise<void>;
}

interface WholeOptions {
  replicas: number;
  env?: Record<string, string>;
  log?: (service: Service, line: string) => void;
}

/** @param databaseUrl a migrated database, by its owner. */
export async function startWhole(databaseUrl: string, { replicas, env, log }: WholeOptions): Promise<Whole> {
  const [rabbit, redis] = await Promise.all([startRabbitMq(), startRedis()]);
  const passwords = Object.fromEntries(services.map(({ name }) => [name, ROLE_PASSWORD]));
  await grantServiceRoles(databaseUrl, modules, { passwords, hasBroker: true });
  const urlOf = (service: Service): string =>
    Object.assign(new URL(databaseUrl), { username: roleOf(service), password: passwords[service.name] }).href;
  const pooler = await startPooler(services.map(urlOf));
  const local = await startServices({
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      NODE_ENV: 'test',
      PASSWORD_MEMORY_KIB: '64',
      SECRET_KEYS,
      INTERNAL_SECRET: 'a secret between the services of a test',
      PUBLIC_URL: 'http://localhost:3000',
      BUS_URL: rabbit.url,
      CACHE_URL: redis.url,
      SIGNALS_URL: redis.url,
      PREPARED_STATEMENTS: 'off',
      MIGRATE: 'off',
      DEMO: 'off',
      TRUST_PROXY: 'on',
      LOG_LEVEL: 'error',
      ...env,
    },
    envOf: (service) => ({ DATABASE_URL: pooler.through(urlOf(service)), DATABASE_DIRECT_URL: urlOf(service) }),
    replicas,
    log,
  });
  const gateway = await startGateway(await freePort(), modules, local.addressesOf);
  return {
    rabbit,
    redis,
    pooler,
    local,
    gateway,
    call: callTo(gateway.url),
    async stop() {
      await gateway.stop();
      await local.stop();
      await pooler.stop();
      await Promise.all([rabbit.stop(), redis.stop()]);
    },
  };
}

/** Calls at an address, with 20 s for each. */
export const callTo =
  (url: string): Call =>
  async (path, init) => {
    const reply = await fetch(url + path, { signal: AbortSignal.timeout(20_000), ...init });
    const text = await reply.text();
    const isJson = reply.headers.get('content-type')?.includes('json');
    return { status: reply.status, headers: reply.headers, body: text && isJson ? JSON.parse(text) : text };
  };
