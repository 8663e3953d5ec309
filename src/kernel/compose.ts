import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { OpenCache } from '#adapters/cache/port.ts';
import type { OpenErrors } from '#adapters/errors/port.ts';
import type { OpenQueue, QueueEngine, Work as Rows } from '#adapters/queue/port.ts';
import type { OpenSignals, Signals } from '#adapters/signals/port.ts';
import type { OpenTracing } from '#adapters/tracing/port.ts';
import { AccountExport, accountExportOf } from './account-life.ts';
import type { Clock } from './clock.ts';
import { type DatabasePool, openPool } from './database.ts';
import { serveDialects } from './dialect-document.ts';
import { GATEWAY, type SignIn, serveDocs } from './docs.ts';
import { CHANGED_CHANNEL, eventName } from './events.ts';
import { keepsKernel, modulesHere, refuseForeignSchemas, refuseUndeclared } from './fitting.ts';
import { readingsOf } from './gauges.ts';
import { serveHealth } from './health.ts';
import { type Authenticator, openHttp } from './http.ts';
import { kernelModule } from './kernel-module.ts';
import { limitsOf, noLimits, openLimits } from './limits.ts';
import { type Metrics, openMetrics } from './metrics.ts';
import type { Module } from './module.ts';
import { openapi, tagsIn } from './openapi.ts';
import { streamedPatterns } from './path-patterns.ts';
import { type Permissions, permissionsOf } from './permissions.ts';
import { openReadyReplies } from './ready-replies.ts';
import { remoteAsker } from './remote.ts';
import { kernelResources } from './resources.ts';
import type { Route } from './routes.ts';
import { openRuntime, type Runtime, systemScope } from './runtime.ts';
import { type Secrets, secretsFrom } from './secrets.ts';
import type { Settings } from './settings.ts';
import { openSubscriptions, type Subscriptions } from './subscriptions.ts';
import { openWork } from './work.ts';

export interface Parts {
  databaseUrl: string;
  clock: Clock;
  log: Logger;
  openCache: OpenCache;
  openQueue: OpenQueue;
  openSignals: OpenSignals;
  openTracing: OpenTracing;
  openErrors: OpenErrors;
  /** Adapters by port name. */
  ports: Readonly<Record<string, unknown>>;
  /** Makes the judge of access tokens and API keys, over the contracts of the modules that know them. */
  authenticator: (parts: {
    ask: (module: string, operation: string, input: unknown) => Promise<unknown>;
    clock: Clock;
    log: Logger;
    secrets: Secrets;
    permissions: Permissions;
    signals: Signals;
    metrics: Metrics;
  }) => Authenticator;
  /** Routes for developers, at the root; never in production. */
  devRoutes?: (app: Hono) => void;
  /** How the reference page signs in; never in production. */
  signIn?: SignIn;
  onStatement?: (text: string) => void;
  retryDelaySeconds?: number;
}

/** Souk, put together: HTTP in, timers and events behind. Each app is a thin skin over it. */
export interface Composition {
  fetch(request: Request, env?: object): Promise<Response>;
  /** Whether the body of a request to this path may take long, because it is streamed. */
  streamsBody(path: string): boolean;
  /** Works on jobs or events of one queue: the one way in, for workers, serverless functions and tests. @throws what went wrong. */
  deliver(queue: string, rows: Rows[]): Promise<void>;
  /** One turn: the outbox, what is due in the queues, and every timer. */
  step(): Promise<void>;
  /** Works in the background until `stop`. */
  start(): Promise<void>;
  /** Takes no new traffic (`/readyz` says so), finishes what is in hand, lets go of the database. */
  stop(): Promise<void>;
  drain(): void;
  readonly runtime: Runtime;
  /** Souk's own routes; those of dialects stand beside them. */
  readonly routes: readonly { module: string; route: Route }[];
  readonly pool: DatabasePool;
  /** Forgets the replies that this process has ready: for tests that change rows past all modules. */
  dropReady(): void;
  readonly subscriptions: Subscriptions;
  readonly deadLetters: QueueEngine['deadLetters'];
  openapi(): object;
}

const version: string = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

/**
 * Composes modules into one process. The database must be migrated (`prepareDatabase`).
 * @throws Error when a module needs one that comes after it or runs nowhere, or a name of MODULES is not known.
 */
export async function compose(modules: readonly Module[], settings: Settings, parts: Parts): Promise<Composition> {
  const local = modulesHere(modules, settings);
  const secrets = secretsFrom(settings.keys.all());
  const [tracing, errors] = await Promise.all([parts.openTracing(version), parts.openErrors(version)]);
  const metrics = openMetrics(readingsOf(() => ({ pool, signals, cache, engine, work, runtime }), modules, local));
  const common = {
    url: parts.databaseUrl,
    prepared: settings.preparedStatements,
    guard: refuseForeignSchemas(modules, () => engine.schema),
    traced: tracing.isOn ? tracing.statement : undefined,
    onStatement: (text: string, byLibrary: boolean) => {
      metrics.statement();
      if (!byLibrary) parts.onStatement?.(text);
    },
  };
  const pool = openPool({
    ...common,
    connections: settings.databaseConnections,
    maxWaiting: settings.databaseWaiting,
    onWait: (seconds, costly) => metrics.waited(costly ? 'lists' : 'requests', seconds),
  });
  const background = openPool({
    ...common,
    connections: settings.backgroundConnections,
    onWait: (seconds) => metrics.waited('background', seconds),
  });
  const engine = parts.openQueue({ sql: background, log: parts.log, arrived: (queue) => work.wake([queue]) });
  const signals = await parts.openSignals({ url: settings.databaseDirectUrl ?? parts.databaseUrl });
  const cache = await parts.openCache({ log: parts.log });
  const ready = openReadyReplies({
    shared: cache.shared,
    sharedKey: (key) => `souk:ready:${version}:${secrets.fingerprint(key, 'ready replies')}`,
    metrics,
  });
  signals.on(CHANGED_CHANNEL, () => ready.drop());
  let draining = false;

  const kernel = kernelModule(engine, settings, keepsKernel(modules, local));
  const all = [kernel, ...modules];
  const permissions = permissionsOf(all);
  refuseUndeclared(all, permissions);
  const runtime = openRuntime({
    modules: all,
    local: new Set(['kernel', ...local]),
    pool,
    background,
    clock: parts.clock,
    log: parts.log,
    settings,
    secrets,
    permissions,
    ports: parts.ports,
    signals,
    askRemote: remoteAsker(settings.serviceUrls, settings.internalSecret, tracing, metrics),
    metrics,
    drop: ready.drop,
    nudge: (events) => {
      metrics.announced(events);
      work.nudge();
    },
  });
  const work = openWork({
    runtime,
    engine,
    signals,
    pool: background,
    clock: parts.clock,
    log: parts.log,
    metrics,
    tracing,
    errors,
    retryDelaySeconds: parts.retryDelaySeconds ?? 1,
  });
  const here = all.filter(({ name }) => runtime.local.has(name));
  metrics.begin({
    events: here.flatMap(({ contract }) => Object.values(contract.events).map(eventName)),
    queues: work.queues,
    timers: here.flatMap(({ timers }) => timers.map(({ name }) => name)),
  });
  const authenticator = parts.authenticator({
    ask: (module, operation, input) => runtime.ask('kernel', module, operation, input, systemScope),
    clock: parts.clock,
    log: parts.log,
    secrets,
    permissions,
    signals,
    metrics,
  });
  const exported = accountExportOf(all);
  const resources = [...modules.flatMap((module) => module.resources), ...kernelResources];
  const describe = (routes: Routed) => {
    let made: object | undefined;
    return { document: () => (made ??= openapi(routes, version, resources)), tags: tagsIn(routes, resources) };
  };
  const dialects = here.filter(({ dialect }) => dialect);
  const routes = routesOf(here, exported).filter(({ route }) => !route.dialect);
  const described = describe(routes);
  const limits = settings.rateLimits ? openLimits(limitsOf(all), cache) : noLimits;
  const app = openHttp({
    runtime,
    routes: [...routes, ...routesOf(dialects, exported)],
    dialects: dialects.flatMap(({ dialect }) => dialect ?? []),
    authenticator,
    auditDb: pool.handle('kernel'),
    clock: parts.clock,
    limits,
    log: parts.log,
    metrics,
    ready,
    secrets,
    settings,
    tracing,
    errors,
  });
  serveHealth(app as never, {
    pool: background,
    signals,
    cache,
    engine,
    clock: parts.clock,
    metrics,
    draining: () => draining,
    version,
    modules: [...local],
  });
  serveDialects(app as never, dialects, version);
  const docs = { version, origin: settings.publicUrl, production: settings.mode === 'production', signIn: parts.signIn };
  serveDocs(app as never, { ...docs, ...described, routes, modules: [...local] });
  if (local.size < modules.length) {
    const own = modules.filter(({ dialect }) => !dialect);
    const everywhere = routesOf([kernelModule(engine, settings, true), ...own], exported);
    const ofAll = new Hono();
    serveDocs(ofAll as never, {
      ...docs,
      ...describe(everywhere),
      routes: everywhere,
      modules: own.map(({ name }) => name),
    });
    (app as unknown as Hono).route(GATEWAY, ofAll);
  }
  parts.devRoutes?.(app as never);

  const streamed = streamedPatterns(routes.map(({ route }) => route)).map((pattern) => new RegExp(pattern));

  await work.prepare();
  await Promise.all([signals.start(), cache.start()]);
  return {
    fetch: async (request, env) => app.fetch(request, env as never),
    streamsBody: (path) => streamed.some((pattern) => pattern.test(path)),
    deliver: work.deliver,
    async step() {
      await work.drain();
      await work.sweep();
      await work.drain();
    },
    start: () => work.start(),
    async stop() {
      draining = true;
      await work.stop();
      await Promise.all([signals.stop(), cache.stop()]);
      await Promise.all([pool.end(), background.end(), tracing.stop(), errors.stop()]);
      // Here, since at exit the log would write without end to a reader that is gone.
      await new Promise((written) => parts.log.flush(written));
    },
    drain: () => {
      draining = true;
    },
    runtime,
    routes,
    pool,
    dropReady: () => ready.drop(),
    subscriptions: openSubscriptions({ runtime, engine, db: pool.handle('kernel') }),
    deadLetters: engine.deadLetters,
    openapi: described.document,
  };
}

type Routed = readonly { module: string; route: Route }[];

/** The routes of modules, with an account's export described in full. */
const routesOf = (modules: readonly Module[], exported: Route['spec']['returns']): Routed =>
  modules.flatMap(({ name, routes }) =>
    routes.map((route) => ({ module: name, route: route.spec.returns === AccountExport ? describing(route, exported) : route })),
  );

const describing = (route: Route, returns: Route['spec']['returns']): Route => ({ ...route, spec: { ...route.spec, returns } });
