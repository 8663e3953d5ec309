import type { QueueEngine } from '#adapters/queue/port.ts';
import { auditRoutes } from './audit.ts';
import { minutes } from './clock.ts';
import type { Context } from './context.ts';
import { contract } from './contracts.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { timer } from './events.ts';
import { explainOrder } from './explain-order.ts';
import { type Module, module } from './module.ts';
import { housekeeping, type StoredFor } from './outbox.ts';
import { nobody, staysAs } from './tables.ts';

const FORGOTTEN_AT_ONCE = 5000;
/** Of one turn; what is left over is for the next. */
const FORGETTING_MS = 30_000;

/** Drops what has had its time, batch by batch, so that it keeps up with what comes. */
async function forget({ db, clock }: Context, storedFor: StoredFor): Promise<void> {
  const began = performance.now();
  for (const drop of housekeeping(clock.now(), storedFor)) {
    while (performance.now() - began < FORGETTING_MS) if ((await db.execute(drop(FORGOTTEN_AT_ONCE))) < FORGOTTEN_AT_ONCE) break;
  }
}

/** The kernel's own rows and routes, declared like a module's. One process `keeps` them: the others append to its tables and read none of them. */
export const kernelModule = (engine: Pick<QueueEngine, 'deadLetters' | 'about'>, storedFor: StoredFor, keeps: boolean): Module =>
  module({
    contract: contract('kernel', { operations: {} }),
    needs: {},
    routes: keeps ? [...auditRoutes, ...deadLetterRoutes(engine.deadLetters)] : [],
    operations: {},
    explains: { order: explainOrder(engine) },
    tables: {
      'kernel.audit': { actor_id: staysAs('who did what'), subject: staysAs('to whom or what') },
      'kernel.calls': {
        principal: staysAs('who called, until IDEMPOTENCY_DAYS are over'),
        subject: staysAs('until then: what about'),
      },
      'kernel.outbox': {
        subject: staysAs('until it is sent'),
        payload: staysAs('until it is sent: ids and figures only'),
        actor_id: staysAs('until it is sent'),
      },
      'kernel.event_log': {
        subject: staysAs('until the module that hears every event has taken it'),
        payload: staysAs('until then: ids and figures only'),
        actor_id: staysAs('until then'),
      },
      'kernel.timers': { held_by: nobody('a process') },
      'kernel.standings': { account_id: staysAs('the newest standing that was heard') },
    },
    permissions: {
      'jobs:manage': { does: 'looks at failed work and tries it again', roles: ['operator'] },
      'audit:read': { does: 'reads the audit trail', roles: ['operator'] },
    },
    timers: keeps ? [timer('kernel.forget', minutes(1), (ctx: Context) => forget(ctx, storedFor))] : [],
    migrations: new URL('./migrations/', import.meta.url),
  });
