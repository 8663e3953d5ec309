import { type Context, ROOT_CONTEXT, type Span as SdkSpan, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Span, SpanParts, Tracing } from './port.ts';
import type { TracingSettings } from './settings.ts';

const EXPORT_MS = 5000;
const STOP_MS = 2000;
/** Spans that wait to be sent; further ones are dropped while the receiver is away. */
const QUEUED_SPANS = 4096;
const TEXT_LENGTH = 1000;

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER };

/**
 * Traces by the SDK of OpenTelemetry, sent in batches as OTLP over HTTP (JSON). It sets no globals, so that Souks in one process do not
 * meet. While the receiver does not answer, spans are dropped; nothing waits for it.
 */
export function openTelemetry({ endpoint, headers, service, share }: TracingSettings, version: string): Tracing {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint}/v1/traces`,
    headers: { ...headers },
    timeoutMillis: EXPORT_MS,
    concurrencyLimit: 2,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
    spanLimits: { attributeValueLengthLimit: TEXT_LENGTH, linkCountLimit: 100 },
    spanProcessors: [
      new BatchSpanProcessor({ exporter, maxQueueSize: QUEUED_SPANS, scheduledDelayMillis: 1000, exportTimeoutMillis: EXPORT_MS }),
    ],
  });
  const tracer = provider.getTracer('souk', version);
  const contexts = new AsyncLocalStorageContextManager();

  const begin = (name: string, { kind, parent, links = [], attributes }: SpanParts, from?: Date): [SdkSpan, Context] => {
    const context = parent === undefined ? contexts.active() : contextOf(parent);
    const linked = links.flatMap((link) => parseTraceParent(link) ?? []).map((context) => ({ context }));
    const span = tracer.startSpan(name, { kind: KINDS[kind], attributes, links: linked, startTime: from }, context);
    return [span, context];
  };

  return {
    isOn: true,
    span(name, parts, work) {
      const [span, context] = begin(name, parts);
      return contexts.with(trace.setSpan(context, span), () => ending(span, () => work(spanOf(span))));
    },
    passed(name, parts) {
      const [span] = begin(name, parts, parts.from);
      span.end(parts.to);
      return traceparentOf(span);
    },
    statement(text, send) {
      if (!trace.getSpan(contexts.active())?.isRecording()) return send();
      const attributes = { 'db.system.name': 'postgresql', 'db.query.text': text.trim().replace(/\s+/g, ' ') };
      const [span] = begin(nameOf(text), { kind: 'client', attributes });
      return ending(span, send);
    },
    async stop() {
      const ended = provider.shutdown().catch(() => {});
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())]);
    },
  };
}

async function ending<T>(span: SdkSpan, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { status, code, name } = error as { status?: number; code?: string; name?: string };
    if (code?.startsWith('23'))
      span.setAttribute('error.type', code); // a rule of the database refused it: that is an answer
    else if (status === undefined || status >= 500) failed(span, String(code ?? name ?? 'error'));
    throw error;
  } finally {
    span.end();
  }
}

const failed = (span: SdkSpan, why: string): void => {
  span.setAttribute('error.type', why);
  span.setStatus({ code: SpanStatusCode.ERROR });
};

const spanOf = (span: SdkSpan): Span => ({
  trace: traceparentOf(span),
  set: (attributes) => void span.setAttributes({ ...attributes }),
  failed: (why) => failed(span, why),
});

function contextOf(parent: string | null): Context {
  const from = parent === null ? null : parseTraceParent(parent);
  return from ? trace.setSpanContext(ROOT_CONTEXT, { ...from, isRemote: true }) : ROOT_CONTEXT;
}

function traceparentOf(span: SdkSpan): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0')}`;
}

/** Its verb and its first table: `insert orders.orders`. */
function nameOf(text: string): string {
  const [verb = 'sql'] = text.trimStart().split(/\s/, 1);
  const table = /\b(?:from|into|update|join)\s+(\w+\.\w+)/.exec(text)?.[1];
  return table ? `${verb} ${table}` : verb.slice(0, 20);
}
