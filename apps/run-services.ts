import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { RunningDatabase } from '#adapters/database/port.ts';
import type { Module } from '#kernel/module.ts';
import type { Settings } from '#kernel/settings.ts';
import { isTaken } from '../infra/local/free-port.ts';
import { nginxIsHere, startGateway } from '../infra/local/nginx.ts';
import { rabbitIsHere, startRabbitMq } from '../infra/local/rabbitmq.ts';
import { redisIsHere, startRedis } from '../infra/local/redis.ts';
import { startServices } from '../infra/local/services.ts';
import { roleOf } from '../infra/roles.ts';
import { type Service, services } from '../infra/topology.ts';
import { openSouk } from '../src/souk.ts';
import { openDatabase } from './database.ts';
import { demoAccounts, loadDemo } from './demo.ts';
import { grantServiceRoles } from './service-roles.ts';
import { loadSettings } from './settings.ts';
import { say } from './shell.ts';

interface Part {
  stop(): Promise<void>;
}

export interface RunOptions {
  /** Processes of each service. */
  replicas: number;
  /** Of the gateway. */
  port: number;
  /** The services on any free ports, rather than on those of the table. */
  freePorts?: boolean;
}

/** Souk as services on this machine, until it is told to stop: each service a process, and what it needs beside them where it is installed. */
export async function runServices(options: RunOptions): Promise<void> {
  const parts: Part[] = [];
  const told = new AbortController();
  const stop = (): void => {
    if (!told.signal.aborted) say('Stopping: finishing what is under way …');
    told.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const) process.on(signal, stop);
  try {
    const database = await startAll(options, parts, told.signal);
    const lost = await Promise.race([database.lost, once(told.signal, 'abort')]);
    if (lost instanceof Error) throw lost;
  } catch (error) {
    if (!told.signal.aborted) throw error;
  } finally {
    for (const part of parts.toReversed()) await part.stop();
  }
  say('Stopped.');
  process.exit(0);
}

/** Starts all of it, lowest first, and notes in `parts` what is to be stopped. @throws when `told` says so, between two steps. */
async function startAll({ replicas, port, freePorts }: RunOptions, parts: Part[], told: AbortSignal): Promise<RunningDatabase> {
  await refuseTakenPorts(port, !freePorts);
  process.env.PUBLIC_URL ??= `http://localhost:${port}`;
  const beside = await startBeside(parts, told);
  Object.assign(process.env, beside.env);
  const { settings, modules } = await loadSettings();
  say(settings.databaseUrl ? 'Connecting to the database …' : 'Starting the embedded PostgreSQL …');
  const database = await openDatabase(settings, modules, { log: say });
  parts.push(database);
  told.throwIfAborted();
  await fill(settings, modules, database);
  const urlOf = await databaseUrls(database, modules, beside.env.BUS_URL !== undefined);
  told.throwIfAborted();

  say('Starting the services …');
  const { MODULES, ...env } = process.env;
  const local = await startServices({
    env: { ...env, MIGRATE: 'off', DEMO: 'off', INTERNAL_SECRET: env.INTERNAL_SECRET ?? randomBytes(32).toString('hex') },
    envOf: (service) => ({ DATABASE_URL: urlOf(service), TRUST_PROXY: 'on', HOST: '127.0.0.1' }),
    replicas,
    onOwnPorts: !freePorts,
    watched: true,
    stopped: told,
    log: (service, line) => process.stdout.write(line.startsWith('{') ? `{"service":"${service.name}",${line.slice(1)}\n` : `${line}\n`),
    say,
  });
  parts.push(local);
  const gateway = nginxIsHere && (await startGateway(port, modules, local.addressesOf));
  if (gateway) parts.push(gateway);
  told.throwIfAborted();
  welcome(settings, database, beside.missing, gateway ? `http://localhost:${port}` : undefined, local.addressesOf);
  return database;
}

/** Before anything is started: a program that has a port would be taken for the service. */
async function refuseTakenPorts(port: number, onOwnPorts: boolean): Promise<void> {
  if (nginxIsHere && (await isTaken(port)))
    throw new Error(`Port ${port} is taken by another program: stop it, or choose another port for the gateway with --port`);
  if (!onOwnPorts) return;
  for (const service of services)
    if (await isTaken(service.port))
      throw new Error(`Port ${service.port} of ${service.name} is taken by another program: stop it, or add --free-ports`);
}

/** The broker and the cache: those of the settings, or ones of this machine's programs. */
async function startBeside(parts: Part[], told: AbortSignal): Promise<{ env: Record<string, string>; missing: string[] }> {
  const env: Record<string, string> = {};
  const missing: string[] = [];
  if (process.env.BUS_URL) env.BUS_URL = process.env.BUS_URL;
  else if (rabbitIsHere) {
    say('Starting RabbitMQ …');
    const rabbit = await startRabbitMq();
    parts.push(rabbit);
    env.BUS_URL = rabbit.url;
    told.throwIfAborted();
  } else missing.push('RabbitMQ (apt-get install rabbitmq-server): events travel through PostgreSQL');
  if (!process.env.CACHE_URL && redisIsHere) {
    say('Starting Redis …');
    const redis = await startRedis();
    parts.push(redis);
    told.throwIfAborted();
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
  settings: Settings,
  database: RunningDatabase,
  missing: readonly string[],
  gateway: string | undefined,
  addressesOf: (service: Service) => string[],
): void {
  const rows = services.map((service) => `  ${service.name.padEnd(10)} ${addressesOf(service).join(', ')}   ${service.modules.join(', ')}`);
  say(`
Souk is open, as services.

${gateway ? `  gateway    ${gateway}/docs\n` : ''}${rows.join('\n')}
  database   ${database.embedded ? `embedded PostgreSQL in ${settings.dataFolder}, a role for each service` : 'yours (DATABASE_URL)'}${settings.demo ? `\n  accounts   ${demoAccounts.accounts.map(({ username }) => username).join(', ')}; password ${demoAccounts.password}` : ''}
${missing.map((what) => `\n  Not here: ${what}.`).join('')}

Stop with Ctrl-C.
`);
}
