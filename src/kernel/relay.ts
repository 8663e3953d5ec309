import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { QueueEngine } from '#adapters/queue/port.ts';
import type { Tracing } from '#adapters/tracing/port.ts';
import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import type { Metrics } from './metrics.ts';
import { type OutboxRow, takeUnsent } from './outbox.ts';

const BATCH = 500;
const EVENTS_PER_MESSAGE = 100;
const PAUSE_MS = 25;
const POLL_MS = 1000;

/** Moves rows of the outbox to the queues that they go to. */
export interface Relay {
  /** Moves one batch, in one transaction. @returns how many rows it moved. */
  turn(): Promise<number>;
  start(): void;
  stop(): Promise<void>;
  /** Says that the outbox has something new. */
  nudge(): void;
}

interface RelayParts {
  db: Database;
  engine: QueueEngine;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  tracing: Tracing;
  /** Called with the queues that have got something, after the commit: before it there is nothing to find. */
  filled: (queues: readonly string[]) => void;
}

export function openRelay({ db, engine, clock, log, metrics, tracing, filled }: RelayParts): Relay {
  let wake: (() => void) | undefined;
  let nudged = false;
  let running = false;
  let loop: Promise<void> = Promise.resolve();

  /** In its trace a row shows how long it was in the outbox, and what it leads to follows that. */
  const sent = <Row extends OutboxRow>(row: Row): Row => {
    if (!tracing.isOn || !row.trace) return row;
    const parts = { kind: 'producer', parent: row.trace, from: row.created_at, to: clock.now() } as const;
    return { ...row, trace: tracing.passed(`send ${row.name}`, parts) };
  };

  const turn = async (): Promise<number> => {
    const { moved, queues } = await db.transaction(async (tx) => {
      const rows = (await tx.many<OutboxRow & { queues: string[] }>(takeUnsent(clock.now(), BATCH))).sort((a, b) => a.seq - b.seq);
      const byQueue = new Map<string, OutboxRow[]>();
      for (const { queues, ...row } of rows.map(sent)) for (const queue of queues) byQueue.set(queue, [...(byQueue.get(queue) ?? []), row]);
      for (const [queue, its] of byQueue) await engine.put(queue, messagesOf(its), tx);
      return { moved: rows.length, queues: [...byQueue.keys()] };
    });
    if (queues.length > 0) filled(queues);
    metrics.outboxLag(moved);
    return moved;
  };

  const run = async (): Promise<void> => {
    while (running) {
      nudged = false;
      const moved = await turn().catch((error) => {
        log.warn({ err: error }, 'the relay could not move events; it tries again');
        return 0;
      });
      await sleep(PAUSE_MS);
      if (moved === 0 && running && !nudged) await Promise.race([sleep(POLL_MS), new Promise<void>((resolve) => (wake = resolve))]);
    }
  };

  const nudge = (): void => {
    nudged = true;
    wake?.();
  };

  return {
    turn,
    nudge,
    start() {
      running = true;
      loop = run();
    },
    async stop() {
      running = false;
      nudge();
      await loop;
    },
  };
}

/** Events travel many to a message; jobs one by one, so that each is judged by its own time. */
function messagesOf(rows: readonly OutboxRow[]): OutboxRow[][] {
  const size = rows[0]?.kind === 'event' ? EVENTS_PER_MESSAGE : 1;
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, index) => rows.slice(index * size, (index + 1) * size));
}
