import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientRequest, createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { headersTooLarge, malformed, methodNotAllowed, notFound, type Problem, tooLarge, unavailable } from '#kernel/problems.ts';
import { problemText, SECURITY_HEADERS } from '#kernel/replies.ts';
import { everything as modules } from '../src/souk.ts';
import { gatewayConfig, routeMap } from './gateway.ts';
import { freePort } from './local/free-port.ts';
import { type Gateway, nginxIsHere, startGateway } from './local/nginx.ts';
import { keeper, services } from './topology.ts';

test('the file of the gateway is the one that topology and routes make: run "npm run gateway"', () => {
  expect(readFileSync(new URL('./gateway/nginx.conf', import.meta.url), 'utf8')).toBe(gatewayConfig(modules, { ownPorts: true }));
});

test('every route is sent to the service of its module, also where another one is less fixed', () => {
  const lines = routeMap(modules);
  const serviceOf = (path: string) => lines.find(([pattern]) => new RegExp(pattern).test(path))?.[1];
  for (const { name, routes } of modules) {
    const its = services.find((service) => service.modules.includes(name))!.name;
    for (const { path } of routes) expect([path, serviceOf(path.replaceAll(/\{\w+\}/g, 'some-thing'))]).toEqual([path, its]);
  }
  expect(serviceOf('/v1/audit')).toBe(keeper.name);
});

test('a service asks only services before it, except the one that closes accounts, which all answer without asking on', () => {
  for (const { name, needs } of modules) {
    const placeOf = (module: string) => services.findIndex((service) => service.modules.includes(module));
    for (const need of Object.keys(needs)) expect([name, need, placeOf(need) <= placeOf(name)]).toEqual([name, need, true]);
  }
  expect(modules.filter(({ asksEveryModule }) => asksEveryModule).map(({ name }) => name)).toEqual(['customers']);
});

if (!nginxIsHere) console.info('Not run: the gateway itself. `apt-get install nginx-light` brings what it needs.');

describe.runIf(nginxIsHere)('the gateway', () => {
  let gateway: Gateway;
  let url: string;
  const replicas: Server[] = [];
  /** What the replicas were asked, each as `method port`. */
  const asked: string[] = [];
  let answersNothing = false;

  beforeAll(async () => {
    for (const _ of [1, 2]) replicas.push(await replica());
    const addresses = replicas.map(addressOf);
    const dead = `127.0.0.1:${await freePort()}`;
    gateway = await startGateway(await freePort(), modules, ({ name }) => (name === 'reviews' ? [dead] : addresses));
    url = gateway.url;
  });
  afterAll(async () => {
    await gateway?.stop();
    for (const server of replicas) server.closeAllConnections();
    for (const server of replicas) server.close();
  });

  const addressOf = (server: Server): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;

  /** Bytes of bodies that have come to the replicas. */
  let received = 0;
  async function takeBody(incoming: IncomingMessage): Promise<number> {
    let took = 0;
    for await (const chunk of incoming) {
      took += chunk.length;
      received += chunk.length;
    }
    return took;
  }

  async function replica(): Promise<Server> {
    const server = createServer((incoming, outgoing) => {
      if (incoming.url === '/readyz') return outgoing.end('{}');
      asked.push(`${incoming.method} ${incoming.socket.localPort}`);
      if (answersNothing) return incoming.socket.destroy();
      if (incoming.method === 'PUT') return void takeBody(incoming).then((took) => outgoing.end(JSON.stringify({ took })));
      if (incoming.url === '/gateway/docs/') return outgoing.writeHead(308, { location: '/gateway/docs' }).end();
      outgoing.end(JSON.stringify({ path: incoming.url, from: incoming.headers['x-forwarded-for'], host: incoming.headers.host }));
    });
    server.on('upgrade', (incoming: IncomingMessage, socket) => {
      const accept = createHash('sha1')
        .update(`${incoming.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
      );
      socket.on('data', (frame) => socket.write(Buffer.from([0x81, frame[1]! & 0x7f, ...unmasked(frame)])));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  const unmasked = (frame: Buffer): Buffer => Buffer.from(frame.subarray(6).map((byte, index) => byte ^ frame[2 + (index % 4)]!));

  const bothAnswer = async (): Promise<boolean> => {
    asked.length = 0;
    await Promise.all([1, 2, 3, 4].map(() => fetch(`${url}/v1/orders`)));
    return new Set(asked).size === 2;
  };

  const timesAsked = async (method: string, headers: Record<string, string> = {}): Promise<number> => {
    asked.length = 0;
    answersNothing = true;
    const reply = await fetch(`${url}/v1/orders`, { method, headers, ...(method === 'GET' ? {} : { body: '{}' }) });
    answersNothing = false;
    expect(reply.status).toBe(503);
    expect(await reply.json()).toMatchObject({ status: 503, code: 'unavailable', instance: '/v1/orders' });
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect(reply.headers.get('retry-after')).toBe('1');
    const times = asked.filter((line) => line.startsWith(method)).length;
    await expect.poll(bothAnswer, { timeout: 5000 }).toBe(true); // nginx leaves out for a second who has failed
    return times;
  };

  test('tries again what reads, what carries a key, and what HTTP calls idempotent', async () => {
    expect(await timesAsked('POST', { 'idempotency-key': 'k' })).toBeGreaterThan(1);
    expect(await timesAsked('GET')).toBeGreaterThan(1);
    expect(await timesAsked('DELETE')).toBeGreaterThan(1);
  });

  test.each(['POST', 'PATCH'])('sends a %s without a key once, for it may have been done', async (method) => {
    expect(await timesAsked(method)).toBe(1);
  });

  test('tells the service who called, whatever the caller says of itself', async () => {
    const reply = await fetch(`${url}/v1/products`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(((await reply.json()) as { from: string }).from.split(', ').at(-1)).toBe('127.0.0.1');
  });

  test.each(['/internal/wallet/prove', '/metrics', '/gateway/openapi.json'])('shows nobody %s', async (path) => {
    const reply = await fetch(url + path);
    expect(reply.status).toBe(404);
    expect(await reply.json()).toMatchObject({ code: 'not-found', instance: path });
  });

  test.each([
    ['/', '/gateway'],
    ['/docs', '/gateway/docs'],
    ['/docs/orders', '/gateway/docs/orders'],
    ['/openapi.json', '/gateway/openapi.json'],
  ])('shows at %s the documents of all services', async (path, asks) => {
    expect(await (await fetch(url + path)).json()).toMatchObject({ path: asks });
  });

  test('says that a service is away, with a time to come back', async () => {
    const reply = await fetch(`${url}/v1/products/x/reviews`);
    expect(reply.status).toBe(503);
    expect(await reply.json()).toMatchObject({ status: 503, code: 'unavailable', instance: '/v1/products/x/reviews' });
  });

  /** Sends bytes as they are, and reads until the gateway closes. */
  async function raw(bytes: string): Promise<{ status: number; head: string; body: unknown }> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(bytes); // nginx answers nobody who has closed
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body: JSON.parse(body) };
  }

  const noHttp = malformed({ reason: 'This is not HTTP/1.1 as RFC 9112 defines it.' });
  const long = 'a'.repeat(20_000);
  const refusals: [string, bytes: string, Problem][] = [
    ['no HTTP', 'BLAH\r\n\r\n', noHttp],
    ['a path that is not encoded', 'GET /v1/%zz HTTP/1.1\r\nHost: x\r\n\r\n', noHttp],
    ['a version of HTTP that does not exist', 'GET / HTTP/9.1\r\nHost: x\r\n\r\n', noHttp],
    [
      'a method that it does not pass',
      'TRACE / HTTP/1.1\r\nHost: x\r\n\r\n',
      methodNotAllowed({ allow: 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT' }),
    ],
    ['a long path', `GET /${long} HTTP/1.1\r\nHost: x\r\n\r\n`, headersTooLarge({ limitBytes: 16_384 })],
    ['a long header', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${long}\r\n\r\n`, headersTooLarge({ limitBytes: 16_384 })],
    ['a large body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 262145\r\n\r\n', tooLarge({ limitBytes: 262_144 })],
    ['a path of its own', 'GET /gateway/refused/away HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', notFound()],
    [
      'what no service answers',
      'GET /v1/products/x/reviews HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      unavailable({ retryAfterSeconds: 1 }),
    ],
  ];

  test.each(refusals)('refuses %s in the words and with the headers of a service', async (_, bytes, problem) => {
    const { status, head, body } = await raw(bytes);
    expect(status).toBe(problem.status);
    const { instance, ...rest } = body as { instance: string };
    expect({ ...rest, instance: '' }).toEqual(JSON.parse(problemText(problem, '')));
    expect(head).toContain('content-type: application/problem+json');
    for (const [name, value] of Object.entries({ ...SECURITY_HEADERS, 'cache-control': 'no-store' }))
      expect(head).toContain(`${name}: ${value.toLowerCase()}`);
    expect(head).toMatch(/x-request-id: [a-z0-9]{32}/);
  });

  test('gives its refusal the request id of the caller', async () => {
    const reply = await fetch(`${url}/metrics`, { headers: { 'x-request-id': 'mine-1' } });
    expect(reply.headers.get('x-request-id')).toBe('mine-1');
  });

  test('serves a caller of HTTP/1.0 that names no host', async () => {
    expect(await raw('GET /v1/orders HTTP/1.0\r\n\r\n')).toMatchObject({ status: 200, body: { path: '/v1/orders', host: 'localhost' } });
  });

  test('sends nobody from the documents to a path that it hides', async () => {
    const reply = await fetch(`${url}/docs/`, { redirect: 'manual' });
    expect([reply.status, reply.headers.get('location')]).toEqual([308, '/docs']);
  });

  test('is not taken for another program that has its port', async () => {
    await expect(startGateway(Number(new URL(url).port), modules, () => [])).rejects.toThrow(/is taken by another program/);
  });

  test('passes a large upload on while it comes, also a slow one, and holds none of it', async () => {
    const sizeBytes = 15 * 1024 * 1024;
    const whole = Buffer.alloc(sizeBytes, 'souk');
    const put = async (headers: Record<string, string | number>, send: (call: ClientRequest) => void) => {
      const call = request(`${url}/v1/uploads/${newId()}`, { method: 'PUT', headers: { 'content-type': 'image/jpeg', ...headers } });
      send(call);
      const [reply] = (await once(call, 'response')) as [IncomingMessage];
      return { status: reply.statusCode, took: JSON.parse(await text(reply)).took };
    };
    expect(await put({ 'content-length': sizeBytes }, (call) => call.end(whole))).toEqual({ status: 200, took: sizeBytes });
    expect(await put({}, (call) => call.end(whole))).toEqual({ status: 200, took: sizeBytes }); // in chunks

    const before = received;
    const half = Promise.withResolvers<ClientRequest>();
    const slow = put({ 'content-length': sizeBytes }, (call) => {
      call.write(whole.subarray(0, sizeBytes / 2));
      half.resolve(call);
    });
    const call = await half.promise;
    await expect.poll(() => received - before, { timeout: 10_000 }).toBe(sizeBytes / 2); // the service has it before the rest is sent
    call.end(whole.subarray(sizeBytes / 2));
    expect(await slow).toEqual({ status: 200, took: sizeBytes });
  });

  test('passes WebSockets', async () => {
    const call = request(`${url}/v1/orders`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    });
    call.end();
    const [, socket] = await once(call, 'upgrade');
    socket.write(Buffer.from([0x81, 0x82, 1, 2, 3, 4, 'h'.charCodeAt(0) ^ 1, 'i'.charCodeAt(0) ^ 2]));
    const [frame] = await once(socket, 'data');
    socket.destroy();
    expect(frame.subarray(2).toString()).toBe('hi');
  });
});
