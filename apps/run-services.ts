import { randomBytes } from 'node:crypto';
import type { RunningDatabase } from '#adapters/database/port.ts';
import type { Module } from '#kernel/module.ts';
import type { Settings } from '#kernel/settings.ts';
import { nginxIsHere, startGateway } from '../infra/local/nginx.ts';
import { rabbitIsHere, startRabbitMq } from '../infra/local/rabbitmq.ts';
import { redisIsHere, startRedis } from '../infra/local/redis.ts';
import { startServices } from '../infra/local/services.ts';
import { roleOf } from '../infra/roles.ts';
import { gatewayPort, type Service, services } from '../infra/topology.ts';
import { openSouk } from '../src/souk.ts';
import { openDatabase } from './database.ts';
import { loadDemo } from './demo.ts';
import { grantServiceRoles } from './service-roles.ts';
import { loadSettings, say } from './shell.ts';

interface Part {
  stop(): Promise<void>;
}

/** Souk as services on this machine, until it is told to stop: each service a process, and what it needs beside them where it is installed. */
export async function runServices({ replicas }: { replicas: number }): Promise<void> {
  const parts: Part[] = [];
  const stopped = new Promise<string>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  });
  try {
    process.env.PUBLIC_URL ??= `http://localhost:${gatewayPort}`;
    const beside = await startBeside(parts);
    Object.assign(process.env, beside.env);
    const { settings, modules } = await loadSettings();
    say(settings.databaseUrl ? 'Connecting to the database …' : 'Starting the embedded PostgreSQL …');
    const database = await openDatabase(settings, modules, { log: say });
    parts.push(database);
    await fill(settings, modules, database);
    const urlOf = await databaseUrls(database, modules, beside.env.BUS_URL !== undefined);

    say('Starting the services …');
    const { MODULES, ...env } = process.env;
    const local = await startServices({
      env: { ...env, MIGRATE: 'off', DEMO: 'off', INTERNAL_SECRET: env.INTERNAL_SECRET ?? randomBytes(32).toString('hex') },
      envOf: (service) => ({ DATABASE_URL: urlOf(service), TRUST_PROXY: 'on' }),
      replicas,
      onOwnPorts: true,
      watched: true,
      log: (service, line) => process.stdout.write(line.startsWith('{') ? `{"service":"${service.name}",${line.slice(1)}\n` : `${line}\n`),
      say,
    });
    parts.push(local);
    const gateway = nginxIsHere && (await startGateway(gatewayPort, modules, local.addressesOf));
    if (gateway) parts.push(gateway);
    welcome(database, beside.missing, Boolean(gateway), local.addressesOf);
    await Promise.race([stopped, database.lost]);
    say('Stopping: finishing what is under way …');
  } finally {
    for (const part of parts.toReversed()) await part.stop();
  }
  say('Stopped.');
  process.exit(0);
}

/** The broker and the cache: those of the settings, or ones of this machine's programs. */
async function startBeside(parts: Part[]): Promise<{ env: Record<string, string>; missing: string[] }> {
  const env: Record<string, string> = {};
  const missing: string[] = [];
  if (process.env.BUS_URL) env.BUS_URL = process.env.BUS_URL;
  else if (rabbitIsHere) {
    say('Starting RabbitMQ …');
    const rabbit = await startRabbitMq();
    parts.push(rabbit);
    env.BUS_URL = rabbit.url;
  } else missing.push('RabbitMQ (apt-get install rabbitmq-server): events travel through PostgreSQL');
  if (!process.env.CACHE_URL && redisIsHere) {
    say('Starting Redis …');
    const redis = await startRedis();
    parts.push(redis);
    Object.assign(env, { CACHE_URL: redis.url, SIGNALS_URL: process.env.SIGNALS_URL ?? redis.url });
  } else if (!process.env.CACHE_URL) missing.push('Redis (apt-get install redis-server): each process counts limits by itself');
  if (!nginxIsHere) missing.push('nginx (apt-get install nginx-light): there is no gateway; each service answers on its own port');
  return { env, missing };
}

/** The whole of Souk notes what each module subscribes to, and loads the demo data, before the services start. */
async function fill(settings: Settings, modules: readonly Module[], database: RunningDatabase): Promise<void> {
  const souk = await openSouk({ ...settings, modules: undefined, logLevel: 'warn' }, { databaseUrl: database.url, modules });
  await (settings.demo ? loadDemo(souk, say) : Promise.resolve()).finally(() => souk.stop());
}

/** Each service signs in to the embedded database by a role of its own. What `souk service-roles` made elsewhere is up to the operator. */
async function databaseUrls(
  database: RunningDatabase,
  modules: readonly Module[],
  hasBroker: boolean,
): Promise<(service: Service) => string> {
  if (!database.embedded) return () => database.url;
  const passwords = Object.fromEntries(services.map(({ name }) => [name, randomBytes(18).toString('hex')]));
  await grantServiceRoles(database.url, modules, { passwords, hasBroker });
  return (service) => Object.assign(new URL(database.url), { username: roleOf(service), password: passwords[service.name]! }).href;
}

function welcome(
  database: RunningDatabase,
  missing: readonly string[],
  hasGateway: boolean,
  addressesOf: (service: Service) => string[],
): void {
  const rows = services.map((service) => `  ${service.name.padEnd(10)} ${addressesOf(service).join(', ')}   ${service.modules.join(', ')}`);
  say(`
Souk is open, as services.

${hasGateway ? `  gateway    http://localhost:${gatewayPort}/docs\n` : ''}${rows.join('\n')}
  database   ${database.embedded ? 'embedded PostgreSQL, a role for each service' : 'yours (DATABASE_URL)'}
${missing.map((what) => `\n  Not here: ${what}.`).join('')}

Stop with Ctrl-C.
`);
}
