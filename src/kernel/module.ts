import { type AccountLife, lifeOffers } from './account-life.ts';
import type { BaseContext, Needs } from './context.ts';
import type { Contract, Fulfilment, OperationSpec } from './contracts.ts';
import type { Dialect } from './dialect.ts';
import type { HearEvery } from './event-log.ts';
import type { JobBinding, Subscription, Timer } from './events.ts';
import { type Explains, explainOffers } from './explain.ts';
import type { Fixtures } from './fixtures.ts';
import type { ModuleGauge } from './gauges.ts';
import type { LimitSpecs } from './limits.ts';
import type { States } from './machine.ts';
import type { PermissionSpecs } from './permissions.ts';
import { resealing, resealOperation, type SealedColumn } from './reseal.ts';
import type { Resource } from './resources.ts';
import type { Route } from './routes.ts';
import type { SettingsPart } from './settings-part.ts';
import { type Standing, standingSubscription } from './standing.ts';
import type { Tables } from './tables.ts';

/** What may be asked of a module: an operation of its contract, or one that the kernel brings for what it declares. */
export interface Offer {
  readonly spec: OperationSpec;
  readonly run: (ctx: BaseContext, input: unknown) => Promise<unknown>;
}

/** A module, gathered: what it answers, does, hears and keeps. Read by `src/modules/index.ts` alone. */
export interface Module {
  readonly name: string;
  readonly contract: Contract;
  /** Contracts of lower modules that it asks. */
  readonly needs: Needs;
  /** Names of the ports it is handed, from `src/adapters`. */
  readonly ports: readonly string[];
  readonly routes: readonly Route[];
  /** How its routes are grouped and introduced in the API document. */
  readonly resources: readonly Resource[];
  /** All that may be asked of it, by name. */
  readonly offers: ReadonlyMap<string, Offer>;
  readonly jobs: readonly JobBinding[];
  readonly timers: readonly Timer[];
  readonly subscriptions: readonly Subscription[];
  /** What it does with every event of all modules. One module may. */
  readonly hearEvery: HearEvery | undefined;
  /** Figures of its own for Prometheus. */
  readonly gauges: readonly ModuleGauge[];
  readonly settings: SettingsPart | undefined;
  /** Its demo data. */
  readonly fixtures: Fixtures | undefined;
  /** Permissions that its routes ask for. */
  readonly permissions: PermissionSpecs;
  /** Narrow limits that its routes name. */
  readonly limits: LimitSpecs;
  /** Columns of sealed texts: `souk reseal` seals them with the current key. */
  readonly sealed: readonly SealedColumn[];
  /** What happens here when an account closes. */
  readonly life: AccountLife | undefined;
  /** Columns with account ids or personal data. */
  readonly tables: Tables;
  /** What it tells of things to whom looks for what happened to them. */
  readonly explains: Explains | undefined;
  /** The states of its things: their tables, their diagrams, and their test follow from it. */
  readonly machines: readonly States[];
  /** Set where its routes speak the API of another system. */
  readonly dialect: Dialect | undefined;
  /** Whether its context asks all modules that declare `life`. */
  readonly asksEveryModule: boolean;
  readonly migrations: URL | undefined;
}

type Erased<T> = readonly T[];

/** Gathers the parts of a module; the compiler checks that its operations fulfil its contract. */
export function module<C extends Contract, Ctx extends BaseContext>(parts: {
  contract: C;
  needs: Needs;
  ports?: readonly string[];
  routes: Erased<Route>;
  resources?: readonly Resource[];
  operations: Fulfilment<C, Ctx>;
  jobs?: readonly { kind: { name: string } }[];
  timers?: readonly { name: string }[];
  subscriptions?: readonly { event: { name: string } }[];
  hearEvery?: HearEvery<Ctx>;
  gauges?: readonly ModuleGauge<Ctx>[];
  settings?: SettingsPart;
  fixtures?: Fixtures;
  permissions?: PermissionSpecs;
  limits?: LimitSpecs;
  sealed?: readonly SealedColumn[];
  life?: AccountLife<Ctx>;
  explains?: Explains<Ctx>;
  tables?: Tables;
  machines?: readonly States[];
  dialect?: Dialect;
  asksEveryModule?: boolean;
  /** What it does when an account is suspended or reinstated. */
  standing?: Standing<Ctx>;
  /** Its folder of `NNN_*.sql`; none for a module without tables. */
  migrations?: URL;
}): Module {
  const { sealed = [], dialect } = parts;
  const life = parts.life as AccountLife | undefined;
  const explains = parts.explains as Explains | undefined;
  return {
    name: parts.contract.name,
    contract: parts.contract,
    needs: parts.needs,
    ports: parts.ports ?? [],
    routes: dialect ? parts.routes.map((route) => ({ ...route, dialect })) : parts.routes,
    resources: parts.resources ?? [],
    offers: offersOf(parts.contract, parts.operations, sealed, life, explains),
    jobs: (parts.jobs ?? []) as unknown as readonly JobBinding[],
    timers: (parts.timers ?? []) as unknown as readonly Timer[],
    subscriptions: [
      ...((parts.subscriptions ?? []) as unknown as readonly Subscription[]),
      ...(parts.standing ? [standingSubscription(parts.contract.name, parts.standing as Standing)] : []),
    ],
    hearEvery: parts.hearEvery as HearEvery | undefined,
    gauges: (parts.gauges ?? []) as unknown as readonly ModuleGauge[],
    settings: parts.settings,
    fixtures: parts.fixtures,
    permissions: parts.permissions ?? {},
    limits: parts.limits ?? {},
    sealed,
    life,
    explains,
    tables: parts.tables ?? {},
    machines: parts.machines ?? [],
    dialect,
    asksEveryModule: parts.asksEveryModule ?? false,
    migrations: parts.migrations,
  };
}

function offersOf(
  contract: Contract,
  operations: object,
  sealed: readonly SealedColumn[],
  life: AccountLife | undefined,
  explains: Explains | undefined,
): Map<string, Offer> {
  const offers = new Map<string, Offer>(
    Object.entries(operations).map(([name, run]) => [name, { spec: contract.operations[name]!, run: run as Offer['run'] }]),
  );
  if (sealed.length > 0) offers.set('reseal', { spec: resealOperation, run: resealing(sealed) as Offer['run'] });
  for (const [name, { spec, run }] of [...lifeOffers(life ?? {}), ...explainOffers(explains ?? {})])
    offers.set(name, { spec, run: run as Offer['run'] });
  return offers;
}
