import type { Logger } from 'pino';
import type { QueueEngine } from '#adapters/queue/port.ts';
import type { Tracing } from '#adapters/tracing/port.ts';
import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import type { Metrics } from './metrics.ts';
import { type OutboxRow, takeUnsent } from './outbox.ts';
import { openTurns, type Turns } from './turns.ts';

const BATCH = 500;
const EVENTS_PER_MESSAGE = 100;

interface RelayParts {
  db: Database;
  engine: QueueEngine;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  tracing: Tracing;
  /** How many rows travel in one message of a queue at most; undefined of a queue that this code does not know. */
  batchOf: (queue: string) => number | undefined;
  /** Which rows a queue is about; undefined where it is about all. */
  filterOf: (queue: string) => ((payload: unknown) => boolean) | undefined;
  /** Called with the queues that have got something, after the commit: before it there is nothing to find. */
  filled: (queues: readonly string[]) => void;
  /** Called after the commit of a batch. */
  moved: () => void;
}

/** Moves rows of the outbox to the queues that they go to: a turn moves one batch, in one transaction. */
export function openRelay({ db, engine, clock, log, metrics, tracing, batchOf, filterOf, filled, moved: tell }: RelayParts): Turns {
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
      for (const { queues, ...row } of rows.map(sent))
        for (const queue of queues) if (filterOf(queue)?.(row.payload) ?? true) byQueue.set(queue, [...(byQueue.get(queue) ?? []), row]);
      for (const [queue, its] of byQueue) await engine.put(queue, messagesOf(its, batchOf(queue)), tx);
      return { moved: rows.length, queues: [...byQueue.keys()] };
    });
    if (queues.length > 0) filled(queues);
    if (moved > 0) tell();
    metrics.outboxLag(moved);
    return moved;
  };

  return openTurns(turn, log, 'the relay could not move events; it tries again');
}

/** Of a queue that this code does not know, events travel many to a message; jobs one by one, so that each is judged by its own time. */
function messagesOf(rows: readonly OutboxRow[], batch: number | undefined): OutboxRow[][] {
  const size = batch ?? (rows[0]?.kind === 'event' ? EVENTS_PER_MESSAGE : 1);
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, index) => rows.slice(index * size, (index + 1) * size));
}
