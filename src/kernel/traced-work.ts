import type { Work } from '#adapters/queue/port.ts';
import type { SpanParts, Tracing } from '#adapters/tracing/port.ts';
import { traceIdOf } from './cause.ts';

/**
 * Works on rows of a queue in a span, and hands them on with it as their trace. Rows of one trace continue that trace. A batch of
 * several traces has a span of its own, and a mark in each of them that links to it.
 */
export async function tracedWork(tracing: Tracing, queue: string, rows: Work[], work: (rows: Work[]) => Promise<void>): Promise<void> {
  if (!tracing.isOn) return work(rows);
  const name = `process ${queue}`;
  const parts = {
    kind: 'consumer',
    attributes: { 'messaging.destination.name': queue, 'messaging.batch.message_count': rows.length },
  } satisfies SpanParts;
  const [first = null, ...others] = new Map(rows.map(({ trace }) => [traceIdOf(trace), trace ?? null])).values();
  if (others.length === 0)
    return tracing.span(name, { ...parts, parent: first }, ({ trace }) => work(rows.map((row) => ({ ...row, trace }))));
  const links = [first, ...others].flatMap((trace) => trace ?? []);
  return tracing.span(name, { ...parts, parent: null, links }, (batch) => {
    const now = new Date();
    const marked = (trace: string) =>
      tracing.passed(name, { ...parts, parent: trace, links: batch.trace ? [batch.trace] : [], from: now, to: now });
    return work(rows.map((row) => (row.trace ? { ...row, trace: marked(row.trace) } : row)));
  });
}
