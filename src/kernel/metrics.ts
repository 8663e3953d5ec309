import type { MiddlewareHandler } from 'hono';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  registry: Registry;
  /** Begins at 0 what may happen: of a series that is born with its first event, Prometheus sees no increase. */
  begin(names: { events: readonly string[]; queues: readonly string[]; timers: readonly string[] }): void;
  /** A call, answered; by the pattern of its route, never by its path. */
  request(route: { method: string; pattern: string }, status: number, seconds: number): void;
  /** Counts requests under way, and those that a limit refused, on every path. */
  watch: MiddlewareHandler;
  /** Events that were committed, by name. */
  announced(names: readonly string[]): void;
  statement(): void;
  /** A call that waited so long for a connection of a pool. */
  waited(pool: 'requests' | 'lists' | 'background', seconds: number): void;
  work(outcome: 'done' | 'failed', queue: string): void;
  outboxLag(rows: number): void;
  /** A turn of a timer, ended. */
  timer(outcome: 'done' | 'failed', name: string): void;
  /** Copies of data that differed from their source and were repaired: `catalog`, `documents`. */
  repaired(module: string, copy: string, count: number): void;
  /** Something was looked for in what this process or the shared cache remembers. */
  cached(cache: string, isHit: boolean): void;
  /** The circuit breaker before a service has opened or closed. */
  breaker(module: string, isOpen: boolean): void;
}

/** A figure that is read when Prometheus asks, or figures by the value of one label. */
export interface GaugeReading {
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  readonly read: () => number | Promise<number | ReadonlyMap<string, number>> | ReadonlyMap<string, number>;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** A reading that takes longer is not known: the others are told all the same. */
const READING_MS = 2000;

/**
 * What Prometheus reads at `/metrics`, named by its rules (base units, `_total` for what is counted). Labels are patterns, states and
 * names in the code, so they are few, and never people. docs/observing.md lists them.
 */
export function openMetrics(readings: readonly GaugeReading[]): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${name}_total`); // gauges, named as counters
  const registers = [registry];
  const counter = (name: string, help: string, ...labelNames: string[]) => new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, ...labelNames: string[]) => new Gauge({ name, help, labelNames, registers });
  const requests = new Histogram({
    name: 'souk_http_request_duration_seconds',
    help: 'Time from request to reply',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers,
  });
  const inFlight = gauge('souk_http_requests_in_flight', 'Requests that wait for their reply');
  const limited = counter('souk_http_rate_limited_total', 'Requests refused with 429');
  const events = counter('souk_events_total', 'Events committed', 'event');
  const statements = counter('souk_sql_statements_total', 'SQL statements sent');
  const waits = new Histogram({
    name: 'souk_pool_wait_seconds',
    help: 'Time that calls wait for a database connection',
    labelNames: ['pool'],
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    registers,
  });
  const work = counter('souk_work_total', 'Jobs and events worked on', 'outcome', 'queue');
  const lag = gauge('souk_outbox_unsent', 'Outbox rows that the relay found waiting');
  const timers = counter('souk_timer_turns_total', 'Turns of timers, by how they ended', 'outcome', 'name');
  const repairs = counter(
    'souk_copies_repaired_total',
    'Copies of data that differed from their source, and were repaired',
    'module',
    'copy',
  );
  const reads = counter('souk_cache_reads_total', 'Look-ups in what is remembered', 'cache', 'result');
  const breakers = gauge('souk_breaker_open', 'Whether calls of a service are refused at once, because earlier ones failed', 'module');
  for (const reading of readings) gaugeOf(reading, registry);
  return {
    registry,
    begin({ events: names, queues, timers: turns }) {
      for (const event of names) events.inc({ event }, 0);
      for (const outcome of ['done', 'failed']) {
        for (const queue of queues) work.inc({ outcome, queue }, 0);
        for (const name of turns) timers.inc({ outcome, name }, 0);
      }
    },
    request: ({ method, pattern }, status, seconds) =>
      requests.observe({ method, route: pattern, status: `${Math.floor(status / 100)}xx` }, seconds),
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
    work: (outcome, queue) => work.inc({ outcome, queue }),
    outboxLag: (rows) => lag.set(rows),
    timer: (outcome, name) => timers.inc({ outcome, name }),
    repaired: (module, copy, count) => repairs.inc({ module, copy }, count),
    cached: (cache, isHit) => reads.inc({ cache, result: isHit ? 'hit' : 'miss' }),
    breaker: (module, isOpen) => breakers.set({ module }, isOpen ? 1 : 0),
  };
}

/** What cannot be read within two seconds is NaN, or has no series: not known. */
function gaugeOf({ name, help, label, read }: GaugeReading, registry: Registry): void {
  new Gauge({
    name,
    help,
    labelNames: label ? [label] : [],
    registers: [registry],
    async collect() {
      const late = new Promise<undefined>((resolve) => setTimeout(resolve, READING_MS, undefined).unref());
      const figures = await Promise.race([
        Promise.resolve()
          .then(read)
          .catch(() => undefined),
        late,
      ]);
      this.reset();
      if (figures instanceof Map) for (const [value, figure] of figures) this.set({ [label!]: value }, figure);
      else if (!label) this.set((figures as number | undefined) ?? Number.NaN);
    },
  });
}
