import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  registry: Registry;
  request(operation: string, status: number, seconds: number): void;
  statement(): void;
  work(kind: 'done' | 'failed', name: string): void;
  outboxLag(rows: number): void;
}

/** What Prometheus reads at `/metrics`. Labels are operations and states, never people. */
export function openMetrics(gauges: { poolWaiting: () => number; poolTotal: () => number }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'souk_' });
  const requests = new Histogram({
    name: 'souk_http_request_seconds',
    help: 'Time from request to reply',
    labelNames: ['operation', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const statements = new Counter({ name: 'souk_sql_statements_total', help: 'SQL statements sent', registers: [registry] });
  const work = new Counter({
    name: 'souk_work_total',
    help: 'Jobs and events worked on',
    labelNames: ['outcome', 'name'],
    registers: [registry],
  });
  const lag = new Gauge({ name: 'souk_outbox_unsent', help: 'Outbox rows that the relay found waiting', registers: [registry] });
  for (const [name, help, read] of [
    ['souk_pool_waiting', 'Calls that wait for a database connection', gauges.poolWaiting],
    ['souk_pool_connections', 'Open database connections', gauges.poolTotal],
  ] as const) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
  return {
    registry,
    request: (operation, status, seconds) => requests.observe({ operation, status }, seconds),
    statement: () => statements.inc(),
    work: (outcome, name) => work.inc({ outcome, name }),
    outboxLag: (rows) => lag.set(rows),
  };
}
