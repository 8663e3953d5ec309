import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { subnetOf } from '#kernel/addresses.ts';
import { newId } from '#kernel/ids.ts';
import { headersTooLarge, malformed, type Problem, requestTimeout } from '#kernel/problems.ts';
import { problemReply, rawProblemReply } from '#kernel/replies.ts';

/** What one client, and all of them together, can make the process hold. docs/running.md explains each. */
export interface Bounds {
  connections: number;
  /** From one address (of IPv6 its /64); Infinity where a proxy or a load test calls for everybody. */
  connectionsPerAddress: number;
  /** Pipelined requests that wait on one socket. They are answered one after another. */
  waitingPerSocket: number;
  headerBytes: number;
  /** Time for the header of a request, and for all of it. */
  headersMs: number;
  requestMs: number;
  /** The same where a body is streamed, such as an upload. Whoever sends nothing for `stalledMs` is cut off all the same. */
  streamMs: number;
  /** How long a client may read nothing of its reply. */
  stalledMs: number;
  /** Replies that clients have not read, of all sockets together. */
  unreadBytes: number;
  /** How long a connection stays open between requests. Longer than a load balancer keeps it (60 s), so that we never close first. */
  idleMs: number;
}

export const bounds: Bounds = {
  connections: 4000,
  connectionsPerAddress: 256,
  waitingPerSocket: 64,
  headerBytes: 16 * 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  streamMs: 600_000,
  stalledMs: 20_000,
  unreadBytes: 128 * 1024 * 1024,
  idleMs: 65_000,
};

export type Answer = (request: Request, env: object) => Response | Promise<Response>;

/** One request of a socket is worked on at a time; the others wait. */
interface Line {
  busy: boolean;
  waiting: [IncomingMessage, ServerResponse][];
}

/**
 * A server over `answer` that no client can make hold more than the bounds say. It does not listen yet.
 * @param streamsBody whether a request to this path may send its body for `streamMs`
 */
export function openHttpServer(answer: Answer, limits: Bounds = bounds, streamsBody: (path: string) => boolean = () => false): Server {
  const listener = getRequestListener(answer, { errorHandler: refuseTarget });
  const lines = new Map<Socket, Line>();
  const addresses = new Map<string, number>();
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.streamMs,
    keepAliveTimeout: limits.idleMs,
    requireHostHeader: false, // refused below, as a problem
    highWaterMark: 16 * 1024, // of a body that waits to be read; it was 64 KB, and so much again
    connectionsCheckingInterval: Math.min(limits.headersMs, 5000),
  });
  server.maxConnections = limits.connections;
  server.timeout = limits.stalledMs;

  server.on('connection', (socket) => {
    const address = subnetOf(socket.remoteAddress ?? '');
    const open = (addresses.get(address) ?? 0) + 1;
    addresses.set(address, open);
    lines.set(socket, { busy: false, waiting: [] });
    socket.once('close', () => {
      lines.delete(socket);
      const left = addresses.get(address)! - 1;
      if (left > 0) addresses.set(address, left);
      else addresses.delete(address);
    });
    if (open > limits.connectionsPerAddress) socket.destroy();
  });

  server.on('request', (incoming, outgoing) => {
    readHost(incoming);
    const { socket } = incoming;
    const line = lines.get(socket);
    if (!line || socket.destroyed) return;
    if (!streamsBody(pathOf(incoming))) limitBody(incoming, limits.requestMs);
    if (!line.busy) return void work(socket, line, incoming, outgoing);
    line.waiting.push([incoming, outgoing]);
    if (line.waiting.length > limits.waitingPerSocket) socket.destroy();
    else socket.pause();
  });

  /** Nothing else is to be expected of us than 100-continue, so the rest is passed over (RFC 9110, 10.1.1), and counted as any other request. */
  server.on('checkExpectation', (incoming, outgoing) => server.emit('request', incoming, outgoing));

  const work = (socket: Socket, line: Line, incoming: IncomingMessage, outgoing: ServerResponse): void => {
    line.busy = true;
    outgoing.once('close', () => {
      line.busy = false;
      const next = line.waiting.shift();
      if (socket.destroyed) return;
      if (next) work(socket, line, ...next);
      if (line.waiting.length === 0) socket.resume();
    });
    void listener(incoming, outgoing);
  };

  /** A call of ours may take long; a client that reads nothing, or says nothing, may not. */
  server.on('timeout', (socket) => {
    if (lines.get(socket)?.busy && socket.writableLength === 0) socket.setTimeout(limits.stalledMs);
    else socket.destroy();
  });

  const watch = setInterval(() => closeUnread([...lines.keys()], limits.unreadBytes), 1000).unref();
  server.once('close', () => clearInterval(watch));
  server.on('clientError', refuseUnparsable);
  return server;
}

const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0]!;

/** Of all of a request, whose header is here: Node has one limit for all of them, which is that of streams. */
function limitBody(incoming: IncomingMessage, limitMs: number): void {
  if (!('content-length' in incoming.headers || 'transfer-encoding' in incoming.headers)) return;
  const late = () => {
    if (!incoming.complete) refuseUnparsable(Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), incoming.socket);
  };
  const timer = setTimeout(late, limitMs);
  for (const end of ['end', 'close']) incoming.once(end, () => clearTimeout(timer));
}

/** HTTP/1.0 knows no Host. HTTP/1.1 demands exactly one (RFC 9112, 3.2): a request without one is refused by the listener. */
function readHost({ headers, httpVersion, rawHeaders }: IncomingMessage): void {
  const isHost = (name: string, at: number) => at % 2 === 0 && name.length === 4 && name.toLowerCase() === 'host';
  if (httpVersion === '1.0') headers.host ??= 'localhost';
  else if (rawHeaders.filter(isHost).length > 1) delete headers.host;
}

/** Closes those that leave most unread, until all together leave less than that. */
function closeUnread(sockets: Socket[], allowed: number): void {
  let unread = sockets.reduce((sum, socket) => sum + socket.writableLength, 0);
  if (unread <= allowed) return;
  for (const socket of sockets.sort((a, b) => b.writableLength - a.writableLength)) {
    if (unread <= allowed) return;
    unread -= socket.writableLength;
    socket.destroy();
  }
}

/** What never became a request is refused as a problem too, and the connection ends. */
function refuseUnparsable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) return void socket.destroy();
  socket.end(rawProblemReply(problemOf(error), { 'x-request-id': newId() }));
}

/** A Host or a target of which no URL can be made. Everything else is answered before it comes here. */
const refuseTarget = (): Response =>
  problemReply(malformed({ reason: 'The address of the request is not a URL.' }), '', { 'x-request-id': newId() });

function problemOf(error: NodeJS.ErrnoException): Problem {
  if (error.code === 'HPE_HEADER_OVERFLOW') return headersTooLarge({ limitBytes: bounds.headerBytes });
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return requestTimeout();
  return malformed({ reason: 'This is not HTTP/1.1 as RFC 9112 defines it.' });
}
