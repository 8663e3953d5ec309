import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { modulesOf, type Service, services } from '../topology.ts';
import { freePort } from './free-port.ts';

/** One process of a service. */
export interface Replica {
  readonly service: Service;
  readonly url: string;
  /** Starts it, or starts it again. It takes traffic when this resolves. @throws Error with what it said, when it ends instead. */
  start(): Promise<void>;
  /** Ends it as an operator does: it finishes what is under way. */
  stop(): Promise<void>;
  /** Ends it as a power cut does. */
  kill(): Promise<void>;
  /** SIGSTOP, SIGCONT. */
  signal(name: NodeJS.Signals): void;
}

export interface LocalServices {
  readonly replicas: readonly Replica[];
  /** Where the replicas of a service answer, as `host:port`. */
  addressesOf(service: Service): string[];
  named(name: string, index?: number): Replica;
  stop(): Promise<void>;
}

export interface LocalOptions {
  /** Settings of all of them. */
  env: Readonly<Record<string, string | undefined>>;
  /** Settings of one service. */
  envOf?: (service: Service) => Record<string, string>;
  replicas?: number;
  /** The first replica of each service on the port of the table; without it all of them on free ports. */
  onOwnPorts?: boolean;
  /** Starts a process again that has ended by itself, after a second. */
  watched?: boolean;
  /** Ends the start where it is. */
  stopped?: AbortSignal;
  /** Called with every line of their logs. */
  log?: (service: Service, line: string) => void;
  say?: (line: string) => void;
}

const SERVER = join(import.meta.dirname, '../../apps/server.ts');
const READY_WITHIN_MS = 120_000;
const AGAIN_AFTER_MS = 1000;

/** All services of the topology, each a process of this machine or several. All take traffic when this resolves. */
export async function startServices(options: LocalOptions): Promise<LocalServices> {
  const places: { service: Service; port: number }[] = [];
  for (const service of services)
    for (let index = 0; index < (options.replicas ?? 1); index++)
      places.push({ service, port: options.onOwnPorts && index === 0 ? service.port : await freePort() });
  const addressesOf = (service: Service): string[] =>
    places.filter((place) => place.service === service).map(({ port }) => `127.0.0.1:${port}`);
  const urlsOf = (service: Service): string[] => addressesOf(service).map((address) => `http://${address}`);

  const replicas = places.map(({ service, port }) =>
    openReplica(service, port, { ...options.env, ...modulesOf(service, urlsOf), ...options.envOf?.(service), PORT: String(port) }, options),
  );
  const stop = async (): Promise<void> => {
    for (const replica of replicas) replica.leave();
    for (const replica of replicas.toReversed()) await replica.stop(); // who asks goes before who is asked
  };
  try {
    await Promise.race([Promise.all(replicas.map((replica) => replica.start())), ...(options.stopped ? [endOf(options.stopped)] : [])]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    replicas,
    addressesOf,
    named: (name, index = 0) => replicas.filter(({ service }) => service.name === name)[index]!,
    stop,
  };
}

async function endOf(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

type Watched = Replica & {
  /** From now on it may end. */
  leave(): void;
};

function openReplica(service: Service, port: number, env: Record<string, string | undefined>, options: LocalOptions): Watched {
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let isWanted = false;

  const launch = (): { child: ChildProcess; said: () => string } => {
    const started = spawn(process.execPath, [SERVER], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }); // by the channel it notices our end
    let said = '';
    createInterface(started.stdout!).on('line', (line) => options.log?.(service, line));
    started.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      said = `${said}${chunk}`.slice(-4000);
    });
    started.once('exit', (code, signal) => {
      if (child !== started || !isWanted || !options.watched) return;
      options.say?.(`${service.name} ended (${signal ?? code}); it is started again …`);
      setTimeout(() => isWanted && start().catch((error: Error) => options.say?.(error.message)), AGAIN_AFTER_MS).unref();
    });
    child = started;
    return { child: started, said: () => said };
  };

  const start = async (): Promise<void> => {
    isWanted = true;
    const { child, said } = launch();
    for (const until = Date.now() + READY_WITHIN_MS; !(await isReady(url)); await sleep(50)) {
      if (!isWanted) return;
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`The service ${service.name} ended: ${said()}`);
      if (Date.now() > until) throw new Error(`The service ${service.name} was not ready in time: ${said()}`);
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    isWanted = false;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await ended;
  };
  return {
    service,
    url,
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    signal: (name) => child?.kill(name),
    leave: () => {
      isWanted = false;
    },
  };
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    (reply) => reply.ok,
    () => false,
  );
