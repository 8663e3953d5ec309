import type { BaseContext, Needs } from './context.ts';
import type { Contract, Fulfilment } from './contracts.ts';
import type { JobKind, Subscription, Timer } from './events.ts';
import type { Route } from './routes.ts';
import type { SettingsPart } from './settings-part.ts';

/** A module, gathered: what it answers, does, hears and keeps. Read by `src/modules/index.ts` alone. */
export interface Module {
  readonly name: string;
  readonly contract: Contract;
  /** Contracts of lower modules that it asks. */
  readonly needs: Needs;
  /** Names of the ports it is handed, from `src/adapters`. */
  readonly ports: readonly string[];
  readonly routes: readonly Route[];
  readonly operations: Readonly<Record<string, (ctx: never, input: never) => Promise<unknown>>>;
  readonly jobs: readonly JobKind[];
  readonly timers: readonly Timer[];
  readonly subscriptions: readonly Subscription[];
  readonly settings: SettingsPart | undefined;
  readonly migrations: URL;
}

type Erased<T> = readonly T[];

/** Gathers the parts of a module; the compiler checks that its operations fulfil its contract. */
export function module<C extends Contract, Ctx extends BaseContext>(parts: {
  contract: C;
  needs: Needs;
  ports?: readonly string[];
  routes: Erased<Route>;
  operations: Fulfilment<C, Ctx>;
  jobs?: readonly { name: string }[];
  timers?: readonly { name: string }[];
  subscriptions?: readonly { event: { name: string } }[];
  settings?: SettingsPart;
  migrations: URL;
}): Module {
  return {
    name: parts.contract.name,
    contract: parts.contract,
    needs: parts.needs,
    ports: parts.ports ?? [],
    routes: parts.routes,
    operations: parts.operations as unknown as Module['operations'],
    jobs: (parts.jobs ?? []) as unknown as readonly JobKind[],
    timers: (parts.timers ?? []) as unknown as readonly Timer[],
    subscriptions: (parts.subscriptions ?? []) as unknown as readonly Subscription[],
    settings: parts.settings,
    migrations: parts.migrations,
  };
}
