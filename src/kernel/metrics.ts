import type { MiddlewareHandler } from 'hono';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  registry: Registry;
  /** A call of an operation, answered. */
  request(operation: string, status: number, seconds: number): void;
  /** Counts requests under way, and those that a limit refused, on every path. */
  watch: MiddlewareHandler;
  /** Events that were committed, by name. */
  announced(names: readonly string[]): void;
  statement(): void;
  /** A call that waited so long for a connection of a pool. */
  waited(pool: 'requests' | 'lists' | 'background', seconds: number): void;
  work(kind: 'done' | 'failed', name: string): void;
  outboxLag(rows: number): void;
  /** A turn of a timer, ended. */
  timer(outcome: 'done' | 'failed', name: string): void;
  /** Copies of data that differed from their source and were made anew: `catalog`, `documents`. */
  repaired(module: string, copy: string, count: number): void;
}

/** What Prometheus reads at `/metrics`. Labels are operations, states and names of events, never people. docs/operating.md lists them. */
export function openMetrics(gauges: {
  poolWaiting: () => number;
  poolTotal: () => number;
  /** Read from the database when Prometheus asks. */
  oldestSeconds: () => Promise<number>;
  deadLetters: () => Promise<number>;
}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'souk_http_request_duration_seconds',
    help: 'Time from request to reply',
    labelNames: ['operation', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const inFlight = new Gauge({ name: 'souk_http_requests_in_flight', help: 'Requests that wait for their reply', registers: [registry] });
  const limited = new Counter({ name: 'souk_http_rate_limited_total', help: 'Requests refused with 429', registers: [registry] });
  const events = new Counter({ name: 'souk_events_total', help: 'Events committed', labelNames: ['event'], registers: [registry] });
  const statements = new Counter({ name: 'souk_sql_statements_total', help: 'SQL statements sent', registers: [registry] });
  const waits = new Histogram({
    name: 'souk_pool_wait_seconds',
    help: 'Time that calls wait for a database connection',
    labelNames: ['pool'],
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    registers: [registry],
  });
  const work = new Counter({
    name: 'souk_work_total',
    help: 'Jobs and events worked on',
    labelNames: ['outcome', 'name'],
    registers: [registry],
  });
  const lag = new Gauge({ name: 'souk_outbox_unsent', help: 'Outbox rows that the relay found waiting', registers: [registry] });
  const timers = new Counter({
    name: 'souk_timer_turns_total',
    help: 'Turns of timers, by how they ended',
    labelNames: ['outcome', 'name'],
    registers: [registry],
  });
  const repairs = new Counter({
    name: 'souk_copies_repaired_total',
    help: 'Copies of data that differed from their source, and were repaired',
    labelNames: ['module', 'copy'],
    registers: [registry],
  });
  for (const [name, help, read] of [
    ['souk_pool_waiting', 'Calls that wait for a database connection', gauges.poolWaiting],
    ['souk_pool_connections', 'Open database connections', gauges.poolTotal],
    ['souk_outbox_oldest_seconds', 'Age of the oldest outbox row that is due', gauges.oldestSeconds],
    ['souk_dead_letters', 'Work that failed for good', gauges.deadLetters],
  ] as const) {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await Promise.resolve(read()).catch(() => Number.NaN)); // no database: not known
      },
    });
  }
  return {
    registry,
    request: (operation, status, seconds) => requests.observe({ operation, status }, seconds),
    watch: async (c, next) => {
      inFlight.inc();
      await next().finally(() => inFlight.dec());
      if (c.res.status === 429) limited.inc();
    },
    announced: (names) => {
      for (const event of names) events.inc({ event });
    },
    statement: () => statements.inc(),
    waited: (pool, seconds) => waits.observe({ pool }, seconds),
    work: (outcome, name) => work.inc({ outcome, name }),
    outboxLag: (rows) => lag.set(rows),
    timer: (outcome, name) => timers.inc({ outcome, name }),
    repaired: (module, copy, count) => repairs.inc({ module, copy }, count),
  };
}
