import type { Work } from '#adapters/queue/port.ts';
import type { Tracing } from '#adapters/tracing/port.ts';
import { type Cause, commonCause } from './cause.ts';
import type { Clock } from './clock.ts';
import { everyEventOf } from './event-log.ts';
import { type Delivered, eventName, type WorkPolicy } from './events.ts';
import { consume } from './outbox.ts';
import { type Runtime, systemScope } from './runtime.ts';
import { tracedWork } from './traced-work.ts';

/** A queue that this process works on. */
export interface Queue {
  readonly name: string;
  readonly policy: WorkPolicy;
  /** @throws what went wrong; then it is tried again later. */
  handle(rows: Work[], signal: AbortSignal): Promise<void>;
}

/** The queue of a subscription: `catalog/inventory.levels-changed.v1`. */
const subscriptionQueue = (module: string, event: string): string => `${module}/${event}`;

/** All queues that this code knows, for modules in this process or elsewhere. */
export const policiesOf = ({ modules }: Runtime): Map<string, WorkPolicy> =>
  new Map(
    modules.flatMap((module) => [
      ...module.jobs.map(({ kind }) => [kind.name, kind.policy] as const),
      ...module.subscriptions.map(({ event, policy }) => [subscriptionQueue(module.name, eventName(event)), policy] as const),
    ]),
  );

/** Which events go to a queue, where its subscription is about some only. A relay of another version may send others too. */
export const filtersOf = ({ modules }: Runtime): Map<string, (payload: unknown) => boolean> =>
  new Map(
    modules.flatMap((module) =>
      module.subscriptions.flatMap(({ event, only }) =>
        only ? [[subscriptionQueue(module.name, eventName(event)), only as (payload: unknown) => boolean] as const] : [],
      ),
    ),
  );

/** Which queues each event goes to, as far as this code knows. */
export const subscriptionsOf = ({ modules }: Pick<Runtime, 'modules'>): { event: string; queue: string }[] =>
  modules.flatMap((module) => [
    ...module.subscriptions.map(({ event }) => ({ event: eventName(event), queue: subscriptionQueue(module.name, eventName(event)) })),
    ...(module.hearEvery ? [everyEventOf(module.name)] : []),
  ]);

/** The queues that this process works on. */
export function localQueues(runtime: Runtime, clock: Clock, tracing: Tracing): Queue[] {
  const queues = runtime.modules
    .filter((module) => runtime.local.has(module.name))
    .flatMap((module): Queue[] => [
      ...module.jobs.map(({ kind, run }) => ({
        name: kind.name,
        policy: kind.policy,
        handle: async (rows: Work[], signal: AbortSignal) => {
          const contextOf = (cause: Cause | null) => runtime.context(module.name, { ...systemScope, cause, signal }) as never;
          await run(
            contextOf,
            rows.map((row) => ({ input: kind.input.parse(row.payload), cause: commonCause([row]) })),
          );
        },
      })),
      ...module.subscriptions.map(({ event, policy, react, isRepeatable, only = () => true }) => {
        const name = subscriptionQueue(module.name, eventName(event));
        const handle = async (rows: Work[], signal: AbortSignal) => {
          const events = rows
            .map((row) => delivered(row, event.payload.parse(row.payload)))
            .filter(({ payload }) => only(payload as never));
          if (events.length === 0) return;
          const ids = events.map(({ id }) => id);
          const scope = { ...systemScope, cause: commonCause(rows), signal };
          await runtime.context(module.name, scope).db.transaction(async (tx) => {
            if (isRepeatable) return react(runtime.context(module.name, { ...scope, tx }) as never, events);
            const fresh = new Set((await tx.kernel<{ event_id: string }>(consume(name, ids, clock.now()))).map((row) => row.event_id));
            const unseen = events.filter(({ id }) => fresh.has(id));
            if (unseen.length > 0) await react(runtime.context(module.name, { ...scope, tx }) as never, unseen);
          });
        };
        return { name, policy, handle };
      }),
    ]);
  return queues.map((queue) => ({
    ...queue,
    handle: (rows, signal) => tracedWork(tracing, queue.name, rows, (own) => queue.handle(own, signal)),
  }));
}

const delivered = <Payload>(row: Work, payload: Payload): Delivered<Payload> => ({
  id: row.id,
  subject: row.subject ?? '',
  payload,
  at: new Date(row.created_at),
  cause: commonCause([row]) satisfies Cause | null,
});
