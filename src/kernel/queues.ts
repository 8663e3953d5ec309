import type { Clock } from './clock.ts';
import { type Delivered, eventName } from './events.ts';
import { consume, type OutboxRow } from './outbox.ts';
import { type Runtime, systemScope } from './runtime.ts';

/** A queue of pg-boss and what this process does with what lies in it. */
export interface Queue {
  name: string;
  /** @throws what went wrong; then pg-boss tries again later. */
  handle(rows: OutboxRow[]): Promise<void>;
}

/** The queue of a subscription: `catalog/inventory.levels-changed.v1`. */
const subscriptionQueue = (module: string, event: string): string => `${module}/${event}`;
export const timerQueue = (timer: string): string => `timer/${timer}`;

/** Names of all queues there are, wherever their modules live. */
export function queueNames(runtime: Runtime): string[] {
  return runtime.modules.flatMap((module) => [
    ...module.jobs.map(({ kind }) => kind.name),
    ...module.subscriptions.map(({ event }) => subscriptionQueue(module.name, eventName(event))),
  ]);
}

/** Which queues an event goes to. */
export function subscribersOf(runtime: Runtime): ReadonlyMap<string, string[]> {
  const queues = new Map<string, string[]>();
  for (const module of runtime.modules) {
    for (const { event } of module.subscriptions) {
      const name = eventName(event);
      queues.set(name, [...(queues.get(name) ?? []), subscriptionQueue(module.name, name)]);
    }
  }
  return queues;
}

/** The queues that this process works on. */
export function localQueues(runtime: Runtime, clock: Clock): Queue[] {
  return runtime.modules
    .filter((module) => runtime.local.has(module.name))
    .flatMap((module): Queue[] => [
      ...module.jobs.map(({ kind, run }) => ({
        name: kind.name,
        handle: async (rows: OutboxRow[]) => {
          for (const row of rows) await run(runtime.context(module.name, systemScope) as never, kind.input.parse(row.payload));
        },
      })),
      ...module.subscriptions.map((subscription) => {
        const name = subscriptionQueue(module.name, eventName(subscription.event));
        const handle = async (rows: OutboxRow[]) => {
          const events = rows.map((row) => delivered(row, subscription.event.payload.parse(row.payload)));
          const ctx = runtime.context(module.name, systemScope);
          await ctx.db.transaction(async (tx) => {
            const fresh = new Set(
              (
                await tx.kernel<{ event_id: string }>(
                  consume(
                    name,
                    rows.map((row) => row.id),
                    clock.now(),
                  ),
                )
              ).map((row) => row.event_id),
            );
            const unseen = events.filter((event) => fresh.has(event.id));
            if (unseen.length > 0) await subscription.react(runtime.context(module.name, { ...systemScope, tx }) as never, unseen);
          });
        };
        return { name, handle };
      }),
    ]);
}

const delivered = <Payload>(row: OutboxRow, payload: Payload): Delivered<Payload> => ({
  id: row.id,
  subject: row.subject ?? '',
  payload,
  at: new Date(row.created_at),
});
