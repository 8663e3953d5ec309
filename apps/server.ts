import { createServer } from 'node:http';
import { flushCompileCache } from 'node:module';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningDatabase } from '#adapters/database/port.ts';
import type { adapterSettings } from '#adapters/index.ts';
import type { Composition } from '#kernel/compose.ts';
import type { Settings } from '#kernel/settings.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import { openSouk } from '../src/souk.ts';
import { openDatabase } from './database.ts';
import { demoAccounts, hasDemo, loadDemo } from './demo.ts';
import { bounds, openHttpServer } from './http-server.ts';
import { loadSettings } from './settings.ts';
import { fail, say } from './shell.ts';

/** How long a stop may take once the database is gone and does not come back. */
const GIVE_UP_MS = 5000;

await main().catch((error) => fail(error));

/** One process: the database (unless one is given), Souk, and a port. */
async function main(): Promise<void> {
  const { settings, modules } = await loadSettings();
  let stopping: ((reason: string) => Promise<void>) | undefined;
  const asked = new Promise<string>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
    process.on('disconnect', () => stop('parent gone'));
  });
  const port = await reservePort(settings);
  say(settings.databaseUrl ? 'Connecting to the database …' : 'Starting the embedded PostgreSQL …');
  const database = await openDatabase(settings, modules, { log: say });
  stopping = () => database.stop();
  try {
    const souk = await openSouk(settings, { databaseUrl: database.url, modules, demo: hasDemo(settings) ? demoAccounts : undefined });
    await souk.start();
    if (hasDemo(settings)) await loadDemo(souk, say);
    const server = await listen(souk, settings, port);
    stopping = () => shutDown(server, souk, database);
    flushCompileCache(); // also for those that are killed: the next start has no types to strip, and 30 MB less
    welcome(settings, server.port, database);
    const lost = await Promise.race([asked, database.lost]);
    if (lost instanceof Error) {
      say('The database is gone; stopping …');
      await Promise.race([stopping('lost').catch(() => {}), sleep(GIVE_UP_MS)]);
      fail(lost);
    }
    say('Stopping: finishing what is under way …');
  } finally {
    await stopping('done');
  }
  say('Stopped.');
  process.exit(0);
}

/** Fails early, before a database is started for nothing. */
async function reservePort({ port, host }: Settings): Promise<number> {
  const probe = createServer();
  await new Promise<void>((ready, refused) => {
    probe.once('error', (error: NodeJS.ErrnoException) => refused(portError(error, port, host)));
    probe.listen(port, host, ready);
  });
  const taken = (probe.address() as AddressInfo).port;
  await new Promise((closed) => probe.close(closed));
  return taken;
}

function portError(error: NodeJS.ErrnoException, port: number, host: string): Error {
  if (error.code === 'EADDRINUSE')
    return new Error(`Port ${port} is taken by another program: stop it, or choose another port with PORT=… npm start`);
  if (error.code === 'EACCES') return new Error(`Port ${port} needs more rights than this user has: choose one above 1023 with PORT=…`);
  if (['ENOTFOUND', 'EADDRNOTAVAIL', 'EAI_AGAIN'].includes(error.code ?? ''))
    return new Error(`${host} is not an address of this machine: set HOST to one that is, for example 127.0.0.1`);
  return new Error(`Souk cannot listen on ${host}:${port}: ${error.message}`);
}

interface Listening {
  port: number;
  close(): Promise<void>;
}

async function listen(souk: Composition, settings: Settings, port: number): Promise<Listening> {
  let closing = false;
  const answer = async (request: Request, env: object): Promise<Response> => {
    const reply = await souk.fetch(request, env);
    if (closing) reply.headers.set('connection', 'close'); // else the caller's next call, and our end, would wait on it
    return reply;
  };
  const fromManyBehindOne = settings.trustProxy || !settings.rateLimits;
  const limits = fromManyBehindOne ? { ...bounds, connectionsPerAddress: Infinity } : bounds;
  const server = openHttpServer(answer, limits, souk.streamsBody);
  await new Promise<void>((ready, refused) => {
    server.once('error', (error: NodeJS.ErrnoException) => refused(portError(error, port, settings.host)));
    server.listen(port, settings.host, ready);
  });
  return {
    port,
    close: () =>
      new Promise((closed) => {
        closing = true;
        const hurry = setTimeout(() => server.closeAllConnections(), settings.drainMs);
        server.close(() => {
          clearTimeout(hurry);
          closed();
        });
        server.closeIdleConnections();
      }),
  };
}

/** No new calls, the running ones end, the background rests, the database stops last. */
async function shutDown(server: Listening, souk: Composition, database: RunningDatabase): Promise<void> {
  souk.drain();
  await server.close();
  await souk.stop();
  await database.stop();
}

function welcome(settings: Settings, port: number, database: RunningDatabase): void {
  const home = `http://localhost:${port}`;
  say(`
Souk is open.

  API        ${home}/v1/products
  Reference  ${home}/docs        (OpenAPI 3.1: ${home}/openapi.json)
  Health     ${home}/health      (metrics: ${home}/metrics)
  Database   ${database.embedded ? `embedded PostgreSQL in ${settings.dataFolder}` : 'yours (DATABASE_URL)'}
  Mail       ${mailOf(settings, home)}${hasDemo(settings) ? '\n  Accounts   admin, sue (sells), bob (buys), paul (provides); password souk-demo' : ''}

Stop with Ctrl-C.
`);
}

function mailOf({ parts, mode }: Settings, home: string): string {
  const smtp = parts.email as SettingsOf<typeof adapterSettings.email>;
  if (smtp) return `sent through ${new URL(smtp.url).host}`;
  return mode === 'production'
    ? 'NOT SENT: set SMTP_URL, or nobody can confirm an email'
    : `${home}/dev/outbox  (what Souk would have sent)`;
}
