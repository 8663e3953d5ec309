import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeAtEnd } from './closing.ts';

export interface ReceivedSpan {
  service: string;
  name: string;
  kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  traceId: string;
  spanId: string;
  /** Empty for the first of a trace. */
  parentSpanId: string;
  attributes: Record<string, string | number>;
  /** Ids of the traces that it links to. */
  links: string[];
  isError: boolean;
}

const KINDS = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number };
type Attribute = { key: string; value: Value };
interface Export {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: {
      spans: (Pick<ReceivedSpan, 'name' | 'traceId' | 'spanId'> & {
        kind: number;
        parentSpanId?: string;
        attributes?: Attribute[];
        links?: { traceId: string }[];
        status?: { code?: number };
      })[];
    }[];
  }[];
}

/** A receiver of OpenTelemetry traces (OTLP over HTTP, as JSON) that keeps what it got. It is closed when the test or its file ends. */
export async function otlpReceiver(): Promise<{ url: string; spans: ReceivedSpan[]; headers: () => Record<string, unknown> }> {
  const spans: ReceivedSpan[] = [];
  let headers: Record<string, unknown> = {};
  const server = createServer(async (request, reply) => {
    const chunks = await request.toArray();
    if (request.url !== '/v1/traces' || !request.headers['content-type']?.includes('json')) return void reply.writeHead(404).end();
    headers = request.headers;
    spans.push(...spansIn(JSON.parse(Buffer.concat(chunks).toString())));
    reply.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closeAtEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, headers: () => headers };
}

const spansIn = ({ resourceSpans }: Export): ReceivedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map(({ name, traceId, spanId, kind, parentSpanId = '', attributes = [], links = [], status }) => ({
        service: String(valuesOf(resource.attributes)['service.name']),
        name,
        kind: KINDS[kind]!,
        traceId,
        spanId,
        parentSpanId,
        attributes: valuesOf(attributes),
        links: links.map((link) => link.traceId),
        isError: status?.code === 2,
      })),
  );

const valuesOf = (attributes: Attribute[]): Record<string, string | number> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? (value.intValue !== undefined ? Number(value.intValue) : value.doubleValue!),
    ]),
  );
