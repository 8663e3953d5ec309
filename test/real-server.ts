import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../infra/local/free-port.ts';
import { stopServer } from '../src/adapters/database/embedded-server.ts';
import { commandOf, startOf } from '../src/adapters/database/processes.ts';
import { noteError } from './logged-errors.ts';
import { type Call, PASSWORD, type Person, people } from './people.ts';

/** Those of the worlds (settings.ts), so that a world and a server can share a database. */
export const SECRET_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;

/** Memory, as apps/setup.mjs and the image have it. */
const SPARINGLY = ['--max-semi-space-size=4'];
const SPARING = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '1048576' };

const apps = join(import.meta.dirname, '../apps');

/** A folder of its own, which the user of an embedded PostgreSQL can reach. */
export function openRoom(name: string): { path: string; clear(): void } {
  const path = mkdtempSync(join(tmpdir(), `souk-${name}-`));
  chmodSync(path, 0o755);
  return { path, clear: () => rmSync(path, { recursive: true, force: true }) };
}

/** One of the apps as its user starts it: a process of its own, with nothing in its environment but these settings. */
export interface App {
  readonly child: ChildProcess;
  /** What it wrote so far. */
  stdout(): string;
  stderr(): string;
  /** Waits for its end. */
  ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export function startApp(cwd: string, env: Record<string, string>, ...command: string[]): App {
  const [script = 'server.ts', ...given] = command;
  const child = spawn(process.execPath, [...SPARINGLY, resolve(apps, script), ...given], {
    cwd,
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...SPARING, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      written[stream] += chunk;
    });
  }
  const end = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return { child, stdout: () => written.stdout, stderr: () => written.stderr, ended: () => end };
}

export interface Server extends App {
  readonly url: string;
  readonly call: Call;
  /** Ends it as an operator does. */
  stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Ends it as a power cut does. */
  kill(): Promise<void>;
}

/** Starts a server, of this version unless `script` is another's, and waits until it takes traffic. @throws Error with what it said, when it ends instead. */
export async function startServer(cwd: string, env: Record<string, string>, port?: number, script = 'server.ts'): Promise<Server> {
  const at = port ?? (await freePort());
  const url = `http://127.0.0.1:${at}`;
  const app = startApp(cwd, { PORT: String(at), SECRET_KEYS, RATE_LIMITS: 'off', LOG_LEVEL: 'error', DEMO: 'off', ...env }, script);
  createInterface(app.child.stdout!).on('line', (line) => line.startsWith('{') && noteError(line));
  await untilReady(app, url);
  return {
    ...app,
    url,
    call: async (path, init) => {
      const reply = await fetch(url + path, { signal: AbortSignal.timeout(20_000), ...init });
      const text = await reply.text();
      const isJson = reply.headers.get('content-type')?.includes('json');
      return { status: reply.status, headers: reply.headers, body: text && isJson ? JSON.parse(text) : text };
    },
    stop: () => {
      app.child.kill('SIGTERM');
      return app.ended();
    },
    kill: async () => {
      app.child.kill('SIGKILL');
      await app.ended();
    },
  };
}

async function untilReady(app: App, url: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (; !(await answersOk(`${url}/readyz`)); await sleep(50)) {
    if (app.child.exitCode !== null || app.child.signalCode !== null) throw new Error(`The server ended: ${app.stderr()}`);
    if (Date.now() > deadline) throw new Error(`The server was not ready within a minute: ${app.stderr()}`);
  }
}

const answersOk = (url: string): Promise<boolean> =>
  fetch(url).then(
    (reply) => reply.ok,
    () => false,
  );

/** Somebody who registers, or has registered before, and signs in; everything by HTTP. */
export async function arrives(call: Call, username: string, password: string = PASSWORD): Promise<Person> {
  const post = (path: string, body: object) =>
    call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const about = { fullName: username, age: 30, address: 'Tunis', gender: 'undisclosed', maritalStatus: 'undisclosed' };
  const registered = await post('/v1/customers', { ...about, username, password });
  if (![201, 409].includes(registered.status)) throw new Error(`${username} cannot register: ${JSON.stringify(registered.body)}`);
  const signedIn = await post('/v1/auth/sign-in', { username, password });
  if (signedIn.status !== 200) throw new Error(`${username} cannot sign in: ${JSON.stringify(signedIn.body)}`);
  const id: string = JSON.parse(Buffer.from(signedIn.body.accessToken.split('.')[1], 'base64url').toString()).sub;
  return people({ call, ask: () => Promise.reject(new Error('nobody to ask')) }).withToken({ id, username }, signedIn.body.accessToken);
}

/** The embedded PostgreSQL of a SOUK_DATA folder: its process, and the address that the launcher keeps. */
export function embeddedServer(dataFolder: string): { pid: number; url: string } {
  const folder = join(dataFolder, 'postgres');
  const [pid, , , port] = readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n');
  const password = readFileSync(join(folder, 'password'), 'utf8').trim();
  return { pid: Number(pid), url: `postgres://souk:${password}@127.0.0.1:${port}/souk` };
}

/** Ends the PostgreSQL that a killed server has left behind, if there is one. */
export async function stopLeftDatabase(dataFolder: string): Promise<void> {
  if (!existsSync(join(dataFolder, 'postgres/data/postmaster.pid'))) return;
  const { pid } = embeddedServer(dataFolder);
  if (isRunning(pid, dataFolder)) await stopServer(pid);
}

/** Whether a process runs, and not another that has got its pid: `mark` is part of its command line. */
export const isRunning = (pid: number, mark: string): boolean => startOf(pid) !== undefined && (commandOf(pid)?.includes(mark) ?? false);
