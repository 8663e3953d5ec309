import { z } from 'zod';
import { BadSettings, listOf, settings } from '#kernel/settings-part.ts';

export interface TracingSettings {
  /** Where traces go: the address of an OTLP receiver, without `/v1/traces`. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly service: string;
  /** Which share of the traces that begin here is recorded, 0 to 1. */
  readonly share: number;
}

/** The names are those of the OpenTelemetry specification. Undefined where nothing is traced. */
export const tracingSettings = settings(
  {
    OTEL_EXPORTER_OTLP_ENDPOINT: z
      .url({ protocol: /^https?$/, error: 'must be http://host:4318 or https://…' })
      .optional()
      .describe('an OpenTelemetry receiver that traces are sent to (OTLP over HTTP): `http://host:4318`; [Observing](observing.md)'),
    OTEL_EXPORTER_OTLP_HEADERS: z.string().default('').describe('headers for that receiver, such as a token: `name=value`, with commas'),
    OTEL_SERVICE_NAME: z.string().min(1).max(100).default('souk').describe('how this process is called in traces'),
    OTEL_TRACES_SAMPLER_ARG: z.coerce
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe(
        'which share of the traces that begin in this process is recorded, 0 to 1; a caller that sends `traceparent` decides for its own',
      ),
  },
  (given): TracingSettings | undefined =>
    given.OTEL_EXPORTER_OTLP_ENDPOINT
      ? {
          endpoint: given.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/+$/, ''),
          headers: Object.fromEntries(listOf(given.OTEL_EXPORTER_OTLP_HEADERS).map(headerOf)),
          service: given.OTEL_SERVICE_NAME,
          share: given.OTEL_TRACES_SAMPLER_ARG,
        }
      : undefined,
);

function headerOf(entry: string): [string, string] {
  const [, name, value] = /^([\w-]+)\s*=\s*(\S+)$/.exec(entry) ?? [];
  if (!name || !value) throw new BadSettings('OTEL_EXPORTER_OTLP_HEADERS: write name=value, with commas between several');
  return [name, decodeURIComponent(value)];
}
