import { setTimeout as sleep } from 'node:timers/promises';
import { services } from '../../infra/topology.ts';
import type { Call } from '../people.ts';
import { type Engine, findEngine } from './engine.ts';
import { bringImages, namedImages, removeStandIns } from './stand-ins.ts';

const PROJECT = 'souk-test';
const IMAGE = 'localhost/souk:test';

/** The services of compose.yaml at work, on ports of their own. */
export interface Composition {
  /** Through the gateway. */
  readonly call: Call;
  /** On the port of a service. */
  callOf(service: string): Call;
  /** Waits until every service takes traffic. */
  isReady(): Promise<void>;
  /** Runs a program in the first container of a service, and gives what it printed. */
  inside(service: string, ...command: string[]): Promise<string>;
  scale(service: string, replicas: number): Promise<void>;
  /** Ends a replica as a power cut does. */
  kill(service: string, replica: number): Promise<void>;
  /** Ends a container as a power cut does, and starts it again after that time. */
  outage(service: string, ms: number): Promise<void>;
  /** Takes everything down. @returns what is left behind of it: nothing. */
  close(): Promise<string[]>;
}

/** Builds the image and starts the profile `core`. `ports` names one of this machine for each service and for `gateway`. */
export async function openComposition({ secrets, ports }: { secrets: string; ports: Record<string, number> }): Promise<Composition> {
  const engine = findEngine(PROJECT, environmentOf(secrets, ports)) as Engine;
  const say = (line: string) => console.log(`${engine.name}: ${line}`);
  await takeDown(engine); // what an interrupted run left
  const standIns = await timed(say, 'images', () => bringImages(engine, namedImages()));
  if (standIns.length > 0) say(`no registry can be reached, so these are stand-ins from Debian's packages: ${standIns.join(', ')}`);
  await timed(say, 'build', () => engine.build('-t', IMAGE, '.'));
  const [size, id] = (await engine.run('image', 'inspect', '--format', '{{.Size}} {{.Id}}', IMAGE)).split(' ');
  say(`the image has ${Math.round(Number(size) / 1e6)} MB (${id})`);
  await timed(say, 'up', () => engine.compose('--profile', 'core', 'up', '-d'));
  const healthChecks = engine.turnsHealthChecks ? undefined : setInterval(() => void turnHealthChecks(engine).catch(() => {}), 5000);
  const callOf = (service: string) => callAt(`http://127.0.0.1:${ports[service]}`);
  const containersOf = (service: string) => namesOf(engine, service);
  return {
    call: callOf('gateway'),
    callOf,
    isReady: () =>
      timed(say, 'ready', async () => {
        for (const { name } of services)
          await until(
            () => answersOk(callOf(name)),
            async () => logsOf(engine),
          );
      }),
    inside: async (service, ...command) => engine.run('exec', (await containersOf(service))[0]!, ...command),
    scale: (service, replicas) =>
      timed(say, `${replicas} replicas of ${service}`, async () => {
        await engine.compose('--profile', 'core', 'up', '-d', '--no-recreate', '--scale', `${service}=${replicas}`);
        for (const name of await containersOf(service))
          await until(
            () =>
              engine.run('exec', name, 'node', 'apps/health-check.ts', '/readyz').then(
                () => true,
                () => false,
              ),
            async () => logsOf(engine),
          );
        const found = await containersOf(service);
        if (found.length !== replicas) throw new Error(`There are not ${replicas} replicas of ${service}: ${found.join(', ')}.`);
      }),
    kill: async (service, replica) => void (await engine.run('kill', (await containersOf(service))[replica - 1]!)),
    async outage(service, ms) {
      const name = (await containersOf(service))[0]!;
      await engine.run('kill', name);
      await sleep(ms);
      await engine.run('start', name);
    },
    async close() {
      clearInterval(healthChecks);
      await timed(say, 'down', () => takeDown(engine));
      await removeStandIns(engine, standIns);
      return leftOf(engine);
    },
  };
}

const environmentOf = (secrets: string, ports: Record<string, number>): Record<string, string> => ({
  SOUK_IMAGE: IMAGE,
  SOUK_SECRETS: secrets,
  SOUK_PUBLIC_URL: `http://localhost:${ports.gateway}`,
  SOUK_PORT: String(ports.gateway),
  ...Object.fromEntries(services.map(({ name }) => [`SOUK_${name.toUpperCase()}_PORT`, String(ports[name])])),
});

async function timed<T>(say: (line: string) => void, what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = Date.now();
  const result = await work();
  say(`${what}: ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  return result;
}

const callAt =
  (url: string): Call =>
  async (path, init) => {
    const reply = await fetch(url + path, { signal: AbortSignal.timeout(20_000), redirect: 'manual', ...init });
    const text = await reply.text();
    const isJson = reply.headers.get('content-type')?.includes('json');
    return { status: reply.status, headers: reply.headers, body: text && isJson ? JSON.parse(text) : text };
  };

const answersOk = (call: Call): Promise<boolean> =>
  call('/readyz').then(
    ({ status }) => status === 200,
    () => false,
  );

async function until(holds: () => Promise<boolean>, explain: () => Promise<string>): Promise<void> {
  for (const deadlineMs = Date.now() + 180_000; !(await holds()); await sleep(500))
    if (Date.now() > deadlineMs) throw new Error(`Not ready within three minutes.\n${await explain()}`);
}

const LABEL = `com.docker.compose.project=${PROJECT}`;
const listed = async (engine: Engine, ...command: string[]): Promise<string[]> =>
  (await engine.run(...command, '--filter', `label=${LABEL}`)).split('\n').filter(Boolean);

/** The running containers of a service, in the order of their numbers. */
async function namesOf(engine: Engine, service: string): Promise<string[]> {
  const names = await listed(engine, 'ps', '--format', '{{.Names}}', '--filter', `label=com.docker.compose.service=${service}`);
  return names.sort();
}

/** What systemd does for Podman elsewhere. */
async function turnHealthChecks(engine: Engine): Promise<void> {
  for (const name of await listed(engine, 'ps', '--format', '{{.Names}}')) await engine.run('healthcheck', 'run', name).catch(() => {});
}

async function logsOf(engine: Engine): Promise<string> {
  const names = await listed(engine, 'ps', '-a', '--format', '{{.Names}}');
  const logs = await Promise.all(names.map(async (name) => `== ${name}\n${await engine.run('logs', '--tail', '8', name).catch(String)}`));
  return `${await engine.run('ps', '-a')}\n${logs.join('\n')}`;
}

async function takeDown(engine: Engine): Promise<void> {
  await engine.compose('--profile', 'core', 'down', '--volumes', '--timeout', '20').catch(() => {});
  const containers = () => listed(engine, 'ps', '-a', '--format', '{{.Names}}');
  // Replicas that were scaled up, one by one: with --depend those go too that need it.
  for (let [next, turns] = [(await containers())[0], 0]; next && turns < 50; [next, turns] = [(await containers())[0], turns + 1])
    await engine.run('rm', '-f', '-v', ...(engine.name === 'podman' ? ['--depend'] : []), next).catch(() => {});
  for (const name of await listed(engine, 'volume', 'ls', '--format', '{{.Name}}')) await engine.run('volume', 'rm', '-f', name);
  for (const name of await listed(engine, 'network', 'ls', '--format', '{{.Name}}'))
    await engine.run('network', 'rm', name).catch(() => {});
}

const leftOf = async (engine: Engine): Promise<string[]> => [
  ...(await listed(engine, 'ps', '-a', '--format', '{{.Names}}')),
  ...(await listed(engine, 'volume', 'ls', '--format', '{{.Name}}')),
  ...(await listed(engine, 'network', 'ls', '--format', '{{.Name}}')),
];
