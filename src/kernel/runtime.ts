import type { Logger } from 'pino';
import type { Signals } from '#adapters/signals/port.ts';
import { everyModule } from './account-life.ts';
import { entriesOf } from './audit.ts';
import { type Cause, causeOf, traceIdOf } from './cause.ts';
import type { Clock } from './clock.ts';
import { type Actor, type BaseContext, type RequestScope, system } from './context.ts';
import { type Closing, type Database, type DatabasePool, handOver, type Transaction } from './database.ts';
import type { Metrics } from './metrics.ts';
import type { Module } from './module.ts';
import { isInTransaction } from './open-transaction.ts';
import { outboxInsert } from './outbox.ts';
import type { Permissions } from './permissions.ts';
import { type Secrets, secretsOf } from './secrets.ts';
import type { Settings } from './settings.ts';

/** For whom, and in which transaction, an operation runs. */
export interface Scope {
  actor: Actor;
  request: RequestScope | null;
  /** Address of the first caller, where another service asks for them. */
  address?: string | null | undefined;
  tx: Transaction | null;
  /** What led to this, where it is no request of this process: of a job, of a reaction, of another service's call. */
  cause?: Cause | null | undefined;
  /** Set for background work: it has connections of its own, and may touch the database until this is aborted. */
  signal?: AbortSignal | undefined;
  /** When the caller stops waiting (`performance.now()`): what is asked of other services ends before it. */
  deadline?: number | undefined;
  /** Set for operations of `life` that another service asks: the one that closes accounts asks every service, so none may ask on. */
  asksNoOther?: boolean | undefined;
  /** Told how far a long operation is, where it runs in this process. */
  onProgress?: (done: number, total: number) => void;
}

const noProgress = (): void => {};

export const systemScope: Scope = { actor: system, request: null, tx: null };

/** Asks an operation of a module in another process. */
export type AskRemote = (caller: string, module: string, operation: string, input: unknown, scope: Scope) => Promise<unknown>;

export interface Runtime {
  readonly modules: readonly Module[];
  /** Names of the modules that run in this process. */
  readonly local: ReadonlySet<string>;
  /** The context that a local module's operations run in. */
  context(module: string, scope: Scope): BaseContext;
  /** Asks an operation of a module, in this process or another one. */
  ask(caller: string, module: string, operation: string, input: unknown, scope: Scope): Promise<unknown>;
}

export interface RuntimeParts {
  modules: readonly Module[];
  local: ReadonlySet<string>;
  pool: DatabasePool;
  /** Connections of jobs, reactions and timers, which never wait behind requests. */
  background: DatabasePool;
  clock: Clock;
  log: Logger;
  settings: Settings;
  secrets: Secrets;
  permissions: Permissions;
  ports: Readonly<Record<string, unknown>>;
  signals: Pick<Signals, 'send' | 'sentByCommit'>;
  askRemote: AskRemote;
  metrics: Pick<Metrics, 'repaired'>;
  /** Called after a commit that changed what public replies show, with their topics. */
  drop: (topics: readonly string[]) => void;
  /** Called after a commit that left rows in the outbox, with the names of the events among them. */
  nudge: (events: readonly string[]) => void;
}

type Operation = (ctx: BaseContext, input: unknown) => Promise<unknown>;
type Scoped = { scope: Scope };

/** Makes the contexts that operations run in, and carries what they ask of each other. */
export function openRuntime(parts: RuntimeParts): Runtime {
  const here = parts.modules.filter((module) => parts.local.has(module.name));
  const eventKinds = parts.modules.flatMap(({ contract }) => Object.values(contract.events));
  const operations = new Map(here.map((module) => [module.name, fulfilled(module, parts.settings.checkReplies)]));

  const ask: Runtime['ask'] = async (caller, module, operation, input, scope) => {
    if (!parts.local.has(module)) {
      if (scope.asksNoOther) throw new Error(`${caller} asks ${module}.${operation} of another service while an account closes.`);
      if (isInTransaction()) throw new Error(`${caller} asks ${module}.${operation} of another service inside an open transaction.`);
      return parts.askRemote(caller, module, operation, input, scope);
    }
    const run = operations.get(module)?.get(operation);
    if (!run) throw new Error(`The module ${module} has no operation ${operation}.`);
    return run(context(module, scope), input);
  };

  const databaseOf = (module: string, scope: Scope): Database =>
    scope.tx
      ? handOver(scope.tx, module)
      : (scope.signal ? parts.background : parts.pool).handle(module, closingOf(scope, parts), scope.signal);

  /** Clients hold nothing but their scope; their functions are on a prototype that is made once per pair of modules. */
  const clientPrototype = (caller: string, target: string): object => {
    const contract = parts.modules.find((module) => module.name === target)?.contract;
    const functions = Object.keys(contract?.operations ?? {}).map((operation) => [
      operation,
      function (this: Scoped, input: unknown) {
        return ask(caller, target, operation, input, this.scope);
      },
    ]);
    return Object.fromEntries(functions);
  };

  const makers = new Map(here.map((module) => [module.name, contextMaker(module)]));

  function contextMaker(module: Module): (scope: Scope) => BaseContext {
    const ports = Object.fromEntries(module.ports.map((port) => [port, parts.ports[port]]));
    const base = {
      clock: parts.clock,
      settings: parts.settings.parts[module.name] ?? {},
      secrets: secretsOf(parts.secrets, module.name),
      permissions: parts.permissions,
      repaired: (copy: string, count: number) => parts.metrics.repaired(module.name, copy, count),
      ...ports,
    };
    const needs = Object.keys(module.needs);
    const clients = needs.map((need) => [need, clientPrototype(module.name, need)] as const);
    const allHere = needs.every((need) => parts.local.has(need));
    const make = (scope: Scope): BaseContext => {
      const ctx = {
        ...base,
        get log() {
          return logOf(scope);
        },
        get cause() {
          return causeOf(scope);
        },
        actor: scope.actor,
        request: scope.request,
        signal: scope.signal,
        progress: scope.onProgress ?? noProgress,
        address: scope.request?.address ?? scope.address ?? null,
        db: databaseOf(module.name, scope),
        isTogether: allHere && !scope.tx,
        together: <T>(work: (inner: BaseContext) => Promise<T>): Promise<T> =>
          scope.tx || !allHere ? work(ctx as unknown as BaseContext) : ctx.db.transaction((tx) => work(make({ ...scope, tx }))),
      };
      if (module.asksEveryModule)
        Object.assign(ctx, {
          everyModule: everyModule(parts.modules, (target, operation, input) => ask(module.name, target, operation, input, scope)),
        });
      if (module.hearEvery) Object.assign(ctx, { eventKinds });
      for (const [need, prototype] of clients) (ctx as Record<string, unknown>)[need] = Object.assign(Object.create(prototype), { scope });
      return ctx as unknown as BaseContext;
    };
    return make;
  }

  /** Names the request that led to this, and its trace, in every line. */
  const logOf = (scope: Scope): Logger => {
    const cause = causeOf(scope);
    return cause ? parts.log.child({ request: cause.requestId, trace_id: traceIdOf(cause.trace) }) : parts.log;
  };

  function context(module: string, scope: Scope): BaseContext {
    const make = makers.get(module);
    if (!make) throw new Error(`The module ${module} does not live in this process.`);
    return make(scope);
  }

  return { modules: parts.modules, local: parts.local, context, ask };
}

/** What is sent with a commit: outbox rows, the audit entry of the call, once, and signals. */
function closingOf(scope: Scope, parts: RuntimeParts): Closing {
  return (pending, signals, changed) => {
    const audit = scope.request?.stateChanging && !scope.request.audited ? scope.request : null;
    if (pending.length === 0 && !audit && signals.size === 0 && changed.size === 0) return undefined;
    const channels = [...signals];
    const { send, sentByCommit } = parts.signals;
    const at = parts.clock.now();
    const subject = audit?.subject ?? pending.find((row) => row.subject)?.subject ?? null;
    const outcome = audit?.refusedWith ? 'refused' : 'done';
    const entries = audit ? entriesOf({ at, actor: scope.actor, request: audit, subject, outcome, status: audit.refusedWith ?? 200 }) : [];
    return {
      statements: [
        ...(pending.length + entries.length > 0 ? [outboxInsert(pending, at, entries, causeOf(scope))] : []),
        ...(channels.length > 0 && sentByCommit ? [sentByCommit(channels)] : []),
      ],
      committed: () => {
        if (changed.size > 0) parts.drop([...changed]);
        if (channels.length > 0 && !sentByCommit)
          send(channels).catch((error) => parts.log.warn({ err: error, channels }, 'a signal could not be sent'));
        if (audit) audit.audited = true;
        if (pending.length > 0) parts.nudge(pending.filter(({ kind }) => kind === 'event').map(({ name }) => name));
      },
    };
  };
}

/** What may be asked of a module; where replies are checked, what goes in and out is compared with its schemas. */
function fulfilled({ offers }: Module, checked: boolean): Map<string, Operation> {
  return new Map(
    [...offers].map(([name, { spec, run }]): [string, Operation] => [
      name,
      checked ? async (ctx, input) => spec.output.parse(await run(ctx, spec.input.parse(input))) : run,
    ]),
  );
}
