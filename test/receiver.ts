import { readFileSync } from 'node:fs';
import { createServer as createPlain, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import { type AddressInfo, createServer as createRaw, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { closeAtEnd } from './closing.ts';

export interface Received {
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Receiver {
  /** `http://127.0.0.1:port`, or https. */
  readonly url: string;
  readonly port: number;
  /** What has arrived, oldest first. */
  readonly calls: Received[];
  /** How it answers from now on; 204 unless said otherwise. */
  answer: (received: Received, response: ServerResponse) => void;
  /** Connections that are open. */
  connections(): number;
  /** Takes no connection until `begin`. */
  stop(): Promise<void>;
  begin(): Promise<void>;
}

export const HOOKS_CERTIFICATE = readFileSync(new URL('./certificates/hooks.crt.pem', import.meta.url), 'utf8');
const KEY = readFileSync(new URL('./certificates/hooks.key.pem', import.meta.url), 'utf8');

/** A real HTTP server of somebody who is sent something. With `tls` its certificate is for `hooks.test`. It ends with the test, or the file. */
export async function receiver({ tls = false } = {}): Promise<Receiver> {
  const calls: Received[] = [];
  const sockets = new Set<Socket>();
  const listen: RequestListener = async (request, response) => {
    const received = { url: request.url ?? '', headers: request.headers, body: await text(request).catch(() => '') };
    calls.push(received);
    here.answer(received, response);
  };
  const server = tls ? createTls({ cert: HOOKS_CERTIFICATE, key: KEY }, listen) : createPlain(listen);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)));
  });
  const port = await listening(server);
  const stop = () =>
    new Promise<void>((resolve) => {
      if (!server.listening) return resolve();
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  const here: Receiver = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    calls,
    answer: (_, response) => void response.writeHead(204).end(),
    connections: () => sockets.size,
    stop,
    begin: async () => void (await listening(server, port)),
  };
  closeAtEnd(stop);
  return here;
}

/** A server that sends these bytes to whoever connects, whatever it is sent. */
export async function rawReceiver(bytes: string): Promise<{ url: string }> {
  const server = createRaw(
    (socket) =>
      void socket
        .on('error', () => {})
        .resume()
        .end(bytes),
  );
  const port = await listening(server);
  closeAtEnd(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { url: `http://127.0.0.1:${port}` };
}

const listening = (server: Server, port = 0): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
