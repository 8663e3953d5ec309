import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { services } from './topology.ts';

/**
 * Makes the secrets that compose.yaml mounts: one file each, in a folder that only its owner can enter. The files themselves can be read
 * by all, because the users inside the containers are others. What is there already stays as it is, so a new service gets its own by
 * running this again.
 * @returns the names of the files that were made.
 */
export function makeSecrets(folder: string): string[] {
  const made: string[] = [];
  const once = (name: string, value: () => string): string => {
    const path = join(folder, name);
    if (!existsSync(path)) {
      writeFileSync(path, `${value()}\n`, { mode: 0o444, flag: 'wx' });
      made.push(name);
    }
    return readFileSync(path, 'utf8').trim();
  };
  const password = (): string => randomBytes(24).toString('hex');

  mkdirSync(folder, { recursive: true, mode: 0o700 });
  once('secret_keys', () => `k1:${randomBytes(32).toString('base64')}`);
  once('internal_secret', password);
  const owner = once('postgres_password', password);
  once('owner_database_url', () => `postgres://souk:${owner}@postgres:5432/souk`);
  const users = services.map(({ name }) => {
    const own = once(`${name}_database_password`, password);
    once(`${name}_database_url`, () => `postgres://souk_${name}:${own}@pgbouncer:6432/souk`);
    once(`${name}_database_direct_url`, () => `postgres://souk_${name}:${own}@postgres:5432/souk`);
    return `"souk_${name}" "${own}"`;
  });
  writeFileSync(join(folder, 'pgbouncer_users'), `${users.join('\n')}\n`, { mode: 0o444 });
  const broker = once('rabbitmq_password', password);
  once('rabbitmq.conf', () => `default_user = souk\ndefault_pass = ${broker}`);
  once('bus_url', () => `amqp://souk:${broker}@rabbitmq:5672`);
  const cache = once('redis_password', password);
  once('redis.conf', () => `requirepass ${cache}\nmaxmemory 64mb\nmaxmemory-policy volatile-ttl\nsave ""\nappendonly no`);
  once('cache_url', () => `redis://:${cache}@redis:6379`);
  once('grafana_password', password);
  return made;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? process.env.SOUK_SECRETS ?? 'secrets');
  const made = makeSecrets(folder);
  process.stderr.write(made.length > 0 ? `Made in ${folder}: ${made.join(', ')}\n` : `All secrets are in ${folder} already.\n`);
}
