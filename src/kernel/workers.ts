import type { Logger } from 'pino';
import type { Errors } from '#adapters/errors/port.ts';
import type { Message, QueueEngine, Work } from '#adapters/queue/port.ts';
import { traceIdOf } from './cause.ts';
import type { Metrics } from './metrics.ts';
import type { Queue } from './queues.ts';
import { isUnexpected } from './thrown.ts';
import { withinTime } from './time-limit.ts';

const POLL_MS = 1000;
const ALIVE_MS = 3000;
/** How much work of one lane runs at once in one process. */
const LANE_PLACES = 6;

/** Works on the messages in the queues of this process. */
export interface Workers {
  /** Works on rows of a queue, as they were sent. The one way in, for workers, serverless functions and tests. @throws what went wrong. */
  deliver(queue: string, rows: Work[]): Promise<void>;
  /** Takes from a queue until nothing is due in it. @returns how many messages it took. */
  drain(): Promise<number>;
  start(): void;
  /** Takes nothing new, and waits for what is in hand. */
  stop(): Promise<void>;
  /** Says that these queues have something. */
  wake(queues: readonly string[]): void;
}

interface Desk {
  readonly queue: Queue;
  readonly lane: Lane;
  readonly inHand: Set<Message>;
  taking: boolean;
}

/** Desks that want to take and found no place, in the order in which they asked. */
interface Lane {
  busy: number;
  readonly waiting: Set<Desk>;
}

export function openWorkers(parts: {
  queues: readonly Queue[];
  engine: QueueEngine;
  log: Logger;
  metrics: Metrics;
  errors: Errors;
}): Workers {
  const { engine, log, metrics } = parts;
  const lanes = new Map<string, Lane>();
  const desks = new Map(parts.queues.map((queue) => [queue.name, deskOf(queue, lanes)]));
  const underway = new Set<Promise<void>>();
  const intervals: NodeJS.Timeout[] = [];
  let running = false;

  const deliver: Workers['deliver'] = async (name, rows) => {
    const queue = desks.get(name)?.queue;
    if (!queue) throw new Error(`No module of this process works on the queue ${name}.`);
    await withinTime(queue.policy.seconds, (signal) => queue.handle(rows, signal));
  };

  /** Works on one message and returns how it ended. After a failure each of several rows becomes a message of its own, so a bad one harms no other. */
  const perform = async (name: string, message: Message): Promise<void> => {
    const { id, rows } = message;
    const began = performance.now();
    const told = { queue: name, message: id, ...tellCauses(rows) };
    try {
      await deliver(name, rows);
    } catch (error) {
      metrics.work('failed', name);
      log.warn({ err: error, ...told }, 'work failed; it is tried again');
      if (rows.length > 1 && (await apart(name, rows))) return engine.done(name, message);
      if (isWorthTelling(name, message, error)) parts.errors.report(error, { place: name, request: told.request, trace: rows[0]?.trace });
      return engine.failed(name, message, (error as Error).message.slice(0, 500));
    }
    metrics.work('done', name);
    log.info({ ...told, ms: Math.round((performance.now() - began) * 10) / 10 }, 'work done');
    await engine.done(name, message);
  };

  /** A fault of ours is reported at the first attempt. What may pass by itself, such as a service that is away, is reported when it is given up. */
  const isWorthTelling = (name: string, { attempt }: Message, error: unknown): boolean =>
    isUnexpected(error) ? attempt === 0 : attempt >= (desks.get(name)?.queue.policy.retries ?? 0);

  /** @returns false when the rows could not be put apart: then the batch has failed as a whole, and comes again. */
  const apart = (name: string, rows: Work[]): Promise<boolean> =>
    engine
      .put(
        name,
        rows.map((row) => [row]),
      )
      .then(
        () => true,
        (error) => {
          log.warn({ err: error, queue: name }, 'a failed batch could not be split; it is tried again as it is');
          return false;
        },
      );

  const begin = (desk: Desk, message: Message): void => {
    desk.inHand.add(message);
    desk.lane.busy++;
    const work = perform(desk.queue.name, message)
      .catch((error) => log.warn({ err: error, queue: desk.queue.name }, 'how work ended could not be noted; it is done again'))
      .finally(() => {
        desk.inHand.delete(message);
        desk.lane.busy--;
        underway.delete(work);
        for (const next of [...desk.lane.waiting]) if (desk.lane.busy < LANE_PLACES) void take(next);
      });
    underway.add(work);
  };

  /** Takes as much as there are places. A desk that took all it could waits for the next place, behind the others of its lane. */
  const take = async (desk: Desk): Promise<void> => {
    const { queue, lane, inHand } = desk;
    lane.waiting.delete(desk);
    const places = Math.min(queue.policy.parallel - inHand.size, LANE_PLACES - lane.busy);
    if (!running) return;
    if (desk.taking || places <= 0) return void lane.waiting.add(desk);
    desk.taking = true;
    lane.busy += places;
    const messages = await engine.take(queue.name, places).catch((error) => {
      log.warn({ err: error, queue: queue.name }, 'work could not be taken; it is tried again');
      return [];
    });
    lane.busy -= places;
    desk.taking = false;
    for (const message of messages) begin(desk, message);
    if (messages.length === places) lane.waiting.add(desk);
    else if (lane.waiting.has(desk)) void take(desk); // it was woken meanwhile
  };

  const wake: Workers['wake'] = (names) => {
    for (const name of names) {
      const desk = desks.get(name);
      if (desk) void take(desk);
    }
  };

  const look = async (): Promise<void> => {
    const free = [...desks.values()].filter(({ inHand, queue }) => inHand.size < queue.policy.parallel).map(({ queue }) => queue.name);
    if (free.length > 0) wake(await engine.due(free));
  };

  const tellAlive = async (): Promise<void> => {
    for (const { queue, inHand } of desks.values()) if (inHand.size > 0) await engine.alive(queue.name, [...inHand]);
  };

  return {
    deliver,
    wake,
    async drain() {
      let taken = 0;
      for (const name of desks.keys()) {
        for (let messages = await engine.take(name, 50); messages.length > 0; messages = await engine.take(name, 50)) {
          for (const message of messages) await perform(name, message);
          taken += messages.length;
        }
      }
      return taken;
    },
    start() {
      running = true;
      const every = (ms: number, work: () => Promise<void>) =>
        intervals.push(setInterval(() => work().catch((error) => log.warn({ err: error }, 'the queues could not be asked')), ms));
      every(POLL_MS, look);
      every(ALIVE_MS, tellAlive);
    },
    async stop() {
      running = false;
      for (const interval of intervals) clearInterval(interval);
      await Promise.all(underway);
    },
  };
}

function deskOf(queue: Queue, lanes: Map<string, Lane>): Desk {
  const lane = lanes.get(queue.policy.lane) ?? { busy: 0, waiting: new Set() };
  lanes.set(queue.policy.lane, lane);
  return { queue, lane, inHand: new Set(), taking: false };
}

const TOLD_CAUSES = 20;

/** Which requests led to these rows, for the log: one by its name, several as a list. */
function tellCauses(rows: readonly Work[]): { request?: string; requests?: string[]; actor?: string; trace_id?: string } {
  const ids = [...new Set(rows.flatMap(({ request_id }) => (request_id ? [request_id] : [])))].slice(0, TOLD_CAUSES);
  if (ids.length > 1) return { requests: ids };
  const [row] = rows;
  return { request: ids[0], actor: row?.actor_id ?? undefined, trace_id: traceIdOf(row?.trace) };
}
