import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Logger } from 'pino';
import { inject } from 'vitest';
import { type Adapters, openAdapters } from '../src/adapters/index.ts';
import { type MovableClock, movableClock } from '../src/kernel/clock.ts';
import type { Composition } from '../src/kernel/compose.ts';
import type { Module } from '../src/kernel/module.ts';
import { prepareDatabase } from '../src/kernel/prepare-database.ts';
import { systemScope } from '../src/kernel/runtime.ts';
import { openSouk, type SoukParts } from '../src/souk.ts';
import { closeAtEnd } from './closing.ts';
import { testLog } from './logged-errors.ts';
import { type Call, type Person, people, type Reply, send } from './people.ts';
import { openRoom, startServer } from './real-server.ts';
import { testSettings } from './settings.ts';
import { TELL_AGAIN } from './told.ts';

/** A Souk of its own for a test: a fresh database, a clock that moves, and people who live in it. */
export interface World extends ReturnType<typeof people> {
  readonly souk: Composition;
  readonly clock: MovableClock;
  readonly adapters: Adapters;
  readonly databaseUrl: string;
  /** An anonymous call. */
  fetch(path: string, init?: RequestInit): Promise<Reply>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  /** Delivers events, runs jobs and timers until nothing is due. */
  step(): Promise<void>;
  /** SQL statements (without begin and commit) that `work` sends, each with its text. */
  statements(work: () => Promise<unknown>): Promise<string[]>;
  /** Looks into the database, past all modules. */
  sql<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Every row of every table as text, those of the kernel and of pg-boss too: what a thief of the database would read. */
  dump(): Promise<string>;
  /** Sends again what was announced or asked for under these names, as a queue that delivers twice would. */
  tellAgain(...names: string[]): Promise<void>;
  /** The newest mail to an address. */
  mail(to: string): { subject: string; text: string } | undefined;
  /** Asks a module's operation as the system itself. */
  ask<T = unknown>(module: string, operation: string, input: unknown): Promise<T>;
  /**
   * Another process on the same database: `apps/server.ts` as an operator starts it, by HTTP. It shares no memory and no
   * clock with the world. A world has one; it takes a second or two to start.
   */
  process(): Promise<OtherProcess>;
  /** A second Souk on the same database, for other settings. It lives in this process and shares its module-level state. */
  sibling(env?: Record<string, string>, options?: WorldOptions): Promise<World>;
}

export interface OtherProcess extends ReturnType<typeof people>, Pick<World, 'fetch' | 'get' | 'post'> {}

export interface WorldOptions {
  env?: Record<string, string>;
  modules?: readonly Module[];
  /** Adapters in place of the usual ones. */
  adapters?: Partial<Adapters>;
  retryDelaySeconds?: number;
  log?: Logger;
  demo?: SoukParts['demo'];
  /** Another way to the database, of a sibling. */
  databaseUrl?: string;
}

/** Makes a world. It is torn down when its test ends or, made outside a test, when the test file ends. */
export async function world(options: WorldOptions = {}): Promise<World> {
  const serverUrl = inject('serverUrl');
  const name = `souk_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, `create database ${name} template souk_template strategy file_copy`);
  closeAtEnd(() => onServer(serverUrl, `drop database if exists ${name} with (force)`));
  return openWorld(Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href, movableClock(), options);
}

async function openWorld(databaseUrl: string, clock: MovableClock, options: WorldOptions): Promise<World> {
  const watched = new Set<string[]>();
  const settings = testSettings(options.env, options.modules);
  if (options.modules) await prepareDatabase(databaseUrl, options.modules, settings.keys);
  const adapters = { ...openAdapters(settings), ...options.adapters } as Adapters;
  const souk = await openSouk(settings, {
    databaseUrl,
    clock,
    adapters,
    log: options.log ?? testLog,
    modules: options.modules,
    demo: options.demo,
    retryDelaySeconds: options.retryDelaySeconds ?? 0,
    onStatement: (text) => {
      for (const seen of watched) seen.push(text);
    },
  });
  const lookers = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  lookers.on('error', () => {});
  let other: ReturnType<typeof openProcess> | undefined;
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= souk.stop());
  closeAtEnd(async () => {
    await (await other)?.close();
    await lookers.end();
    await stop();
  });
  const call = send(souk);
  const sql: World['sql'] = async (text, values) => (await lookers.query(text, values).finally(souk.dropReady)).rows as never;
  const ask = <T>(module: string, operation: string, input: unknown) =>
    souk.runtime.ask('kernel', module, operation, input, systemScope) as Promise<T>;
  return {
    ...people({ call, ask }),
    souk: { ...souk, stop },
    clock,
    adapters,
    databaseUrl,
    ...callsOf(call),
    step: () => souk.step().finally(souk.dropReady), // lists may show the stock of a second ago; tests want that of now
    async statements(work) {
      const seen: string[] = [];
      watched.add(seen);
      try {
        await work();
      } finally {
        watched.delete(seen);
      }
      return seen;
    },
    sql,
    dump: () => dump(sql),
    tellAgain: async (...names) => {
      await sql(TELL_AGAIN, [names]);
    },
    mail: (to) => adapters.email.items(to)[0],
    ask,
    process: () => (other ??= openProcess(databaseUrl, settings.publicUrl, ask)),
    sibling: (env, more) => openWorld(more?.databaseUrl ?? databaseUrl, clock, { ...options, ...more, env: { ...options.env, ...env } }),
  };
}

async function openProcess(databaseUrl: string, publicUrl: string, ask: World['ask']): Promise<OtherProcess & { close(): Promise<void> }> {
  const room = openRoom('process');
  const server = await startServer(room.path, { DATABASE_URL: databaseUrl, PUBLIC_URL: publicUrl, SOUK_DATA: room.path, NODE_ENV: 'test' });
  const close = async () => {
    await server.kill();
    room.clear();
  };
  return { ...people({ call: server.call, ask }), ...callsOf(server.call), close };
}

const callsOf = (call: Call): Pick<World, 'fetch' | 'get' | 'post'> => ({
  fetch: call,
  get: (path, headers) => call(path, { headers }),
  post: (path, body, headers) =>
    call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }),
});

async function dump(sql: World['sql']): Promise<string> {
  const tables = await sql<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`,
  );
  const rowsOf = async ({ name }: { name: string }) =>
    (await sql<{ row: string }>(`select t::text as row from ${name} t`)).map(({ row }) => `${name} ${row}`);
  return (await Promise.all(tables.map(rowsOf))).flat().join('\n');
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

export type { Person, Reply };
