import { createStackParser, createTransport, type ErrorEvent, type Event, type Exception } from '@sentry/core';
import { nodeStackLineParser, ServerRuntimeClient } from '@sentry/core/server';
import { LRUCache } from 'lru-cache';
import type { Errors, Place } from './port.ts';
import { scrubbed } from './scrubbed.ts';
import type { ErrorSettings } from './settings.ts';

const SEND_MS = 3000;
const STOP_MS = 2000;
/** Reports on their way; further ones are dropped. */
const UNDER_WAY = 30;
const AGAIN_MS = 60_000;
const REMEMBERED = 500;
const CAUSES = 3;

const stackParser = createStackParser(nodeStackLineParser());

/**
 * Reports to Sentry by the core of its SDK, without any of its integrations: a report holds the error, where it was thrown, the name of
 * the operation, and the ids of request and trace. Nothing else of the process or the call is read.
 */
export function sentry({ dsn, environment }: ErrorSettings, version: string): Errors {
  const client = new ServerRuntimeClient({
    dsn,
    environment,
    release: `souk@${version}`,
    platform: 'node',
    runtime: { name: 'node', version: process.version },
    integrations: [],
    stackParser,
    traceLifecycle: 'static',
    sendClientReports: false,
    transportOptions: { bufferSize: UNDER_WAY },
    transport: ({ url, headers, ...options }) =>
      createTransport(options, async ({ body }) => {
        const sent = await fetch(url, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/x-sentry-envelope' },
          body: body as string,
          signal: AbortSignal.timeout(SEND_MS),
        });
        await sent.body?.cancel();
        return {
          statusCode: sent.status,
          headers: { 'retry-after': sent.headers.get('retry-after'), 'x-sentry-rate-limits': sent.headers.get('x-sentry-rate-limits') },
        };
      }),
    beforeSend: onlyOurs,
  });
  client.init();
  const told = new LRUCache<string, true>({ max: REMEMBERED, ttl: AGAIN_MS });

  return {
    report(error, at) {
      const values = exceptionsOf(error);
      const fault = JSON.stringify([at.place, values.at(-1)?.type, values.at(-1)?.value]);
      if (told.has(fault)) return;
      told.set(fault, true);
      client.captureEvent(eventOf(values, error, at));
    },
    async stop() {
      await client.close(STOP_MS);
    },
  };
}

function eventOf(values: Exception[], error: unknown, { place, request, trace }: Place): Event {
  const code = (error as { code?: unknown } | null)?.code;
  return {
    level: 'error',
    transaction: place,
    tags: { place, ...(request ? { request } : {}), ...(typeof code === 'string' ? { code } : {}) },
    exception: { values },
    ...(trace ? { contexts: { trace: { trace_id: trace.slice(3, 35), span_id: trace.slice(36, 52) } } } : {}),
  };
}

/** The error and what caused it, innermost first as Sentry wants it. */
function exceptionsOf(error: unknown): Exception[] {
  const values: Exception[] = [];
  for (let at: unknown = error; at !== undefined && at !== null && values.length <= CAUSES; at = (at as { cause?: unknown }).cause) {
    const { name, message, stack } = at instanceof Error ? at : { name: typeof at, message: '', stack: undefined };
    values.unshift({
      type: name,
      value: scrubbed(message),
      mechanism: { type: 'generic', handled: true },
      ...(stack && { stacktrace: { frames: stackParser(stack) } }),
    });
  }
  return values;
}

/** What a report may hold; anything that a later version of the SDK adds stays here. */
const OURS = ['event_id', 'timestamp', 'platform', 'level', 'environment', 'release', 'transaction', 'tags', 'exception'] as const;
const onlyOurs = (event: ErrorEvent): ErrorEvent => ({
  type: undefined,
  ...Object.fromEntries(OURS.map((name) => [name, event[name]])),
  contexts: { trace: event.contexts?.trace, runtime: event.contexts?.runtime },
});
