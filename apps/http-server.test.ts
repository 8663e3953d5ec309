import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type Answer, type Bounds, bounds, openHttpServer } from './http-server.ts';

let server: Server;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function open(limits: Partial<Bounds>, answer: Answer, streamsBody?: (path: string) => boolean): Promise<void> {
  server = openHttpServer(answer, { ...bounds, ...limits }, streamsBody);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

async function caller(sends: string): Promise<Socket & { heard(): string }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'connect');
  socket.write(sends);
  return Object.assign(socket, { heard: () => text });
}

const connections = () => new Promise<number>((ready) => server.getConnections((_, count) => ready(count)));

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const closed = (socket: Socket) => expect.poll(() => socket.closed, { timeout: 8000 }).toBe(true);
const big = new Uint8Array(8_000_000);

test('requests that come at once on one socket are worked on one after another, and answered in order', async () => {
  let running = 0;
  let most = 0;
  let calls = 0;
  await open({}, async () => {
    most = Math.max(most, ++running);
    await sleep(1);
    running--;
    return new Response(`reply ${++calls}`);
  });
  const socket = await caller(GET.repeat(30));
  await expect
    .poll(() =>
      socket
        .heard()
        .match(/reply \d+/g)
        ?.join(),
    )
    .toBe(Array.from({ length: 30 }, (_, n) => `reply ${n + 1}`).join());
  expect(most).toBe(1);
});

test('a body that follows a waiting request is read when its turn has come', async () => {
  await open({}, async (request) => new Response(`<${(await request.text()).length}>`));
  const post = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`;
  const socket = await caller(post.repeat(5));
  await expect.poll(() => socket.heard().match(/<200000>/g)?.length).toBe(5);
});

test('a client that sends more requests in advance than may wait is cut off, and the rest never begins', async () => {
  let calls = 0;
  await open({ waitingPerSocket: 8 }, async () => {
    calls++;
    await sleep(50);
    return new Response('');
  });
  await closed(await caller(GET.repeat(1000)));
  expect(calls).toBe(1);
});

test('who reads nothing of a reply is cut off after a while; a call that takes long is not', async () => {
  await open({ stalledMs: 200, idleMs: 100 }, async (request) => {
    if (request.url.endsWith('/slow')) await sleep(700);
    return new Response(request.url.endsWith('/slow') ? 'slow but there' : big);
  });
  const reader = await caller(GET.replace('/', '/slow'));
  const deaf = await caller('');
  deaf.pause().write(GET);
  await expect.poll(() => reader.heard(), { timeout: 3000 }).toContain('slow but there');
  await expect.poll(connections, { timeout: 3000 }).toBeLessThan(2);
  await closed(reader); // which has said nothing more
});

test('together, callers leave no more unread than is allowed: those who leave most are cut off', async () => {
  await open({ unreadBytes: 20_000_000 }, () => new Response(big));
  const deaf = await Promise.all(Array.from({ length: 6 }, () => caller('')));
  for (const socket of deaf) socket.pause().write(GET);
  await expect.poll(connections).toBe(6);
  await expect.poll(connections, { timeout: 5000 }).toBeLessThanOrEqual(3);
  expect(await connections()).toBeGreaterThanOrEqual(2);
});

test('a header or a body that does not arrive in time is refused with 408', async () => {
  await open({ headersMs: 300, requestMs: 600 }, async (request) => new Response(await request.text().catch(() => 'gone')));
  const header = await caller('GET / HTTP/1.1\r\nHost: local');
  const body = await caller('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab');
  await Promise.all([closed(header), closed(body)]);
  expect(header.heard()).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"request-timeout"/);
  expect(body.heard()).toMatch(/^HTTP\/1.1 408 /);
});

test('a body that is streamed has more time, as long as something of it comes', async () => {
  const whole = async (request: Request) => new Response(`<${(await request.text().catch(() => '')).length}>`);
  await open({ requestMs: 300, stalledMs: 1000 }, whole, (path) => path === '/stream');
  const post = (path: string) => `PUT ${path}?signed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\nab`;
  const [streamed, other] = [await caller(post('/stream')), await caller(post('/other'))];
  for (const part of ['cd', 'ef', 'gh']) {
    await sleep(250);
    streamed.write(part);
  }
  await expect.poll(() => streamed.heard()).toContain('<8>');
  await closed(other);
  expect(other.heard()).toMatch(/^HTTP\/1.1 408 /);
});

test('one address opens so many connections, and no more', async () => {
  await open({ connectionsPerAddress: 3 }, () => new Response('here'));
  const [first, , , fourth] = [await caller(GET), await caller(GET), await caller(GET), await caller(GET)];
  await closed(fourth!);
  expect(fourth!.heard()).toBe('');
  await expect.poll(() => first!.heard()).toContain('here');
  first!.destroy();
  await closed(first!);
  const next = async () => {
    const socket = await caller(GET);
    await sleep(50);
    return socket.heard();
  };
  await expect.poll(next, { timeout: 3000 }).toContain('here');
});

test.each([
  ['what is not HTTP', 'HELO souk\r\n\r\n', /^HTTP\/1.1 400 [\s\S]*"code":"malformed"/],
  ['a header of 20 KB', GET.replace('localhost', 'x'.repeat(20_000)), /^HTTP\/1.1 431 [\s\S]*"code":"headers-too-large"/],
  ['a Host that is none', GET.replace('localhost', 'a b\r\nConnection: close'), /^HTTP\/1.1 400 [\s\S]*"code":"malformed"/],
])('%s is refused as a problem', async (_, bytes, said) => {
  await open({}, () => new Response('never'));
  const socket = await caller(bytes);
  await closed(socket);
  expect(socket.heard()).toMatch(said);
});

test('a Host is demanded as HTTP demands it, and what else is expected of the server is passed over', async () => {
  await open({}, (request) => new Response(`<${new URL(request.url).pathname}>`));
  const answer = async (line: string, ...headers: string[]) => {
    const socket = await caller([line, 'Connection: close', ...headers, '', ''].join('\r\n'));
    await closed(socket);
    return socket.heard();
  };
  expect(await answer('GET /one HTTP/1.0')).toMatch(/^HTTP\/1.1 200 .*<\/one>$/s);
  expect(await answer('GET /two HTTP/1.1', 'Host: a')).toMatch(/^HTTP\/1.1 200 .*<\/two>$/s);
  expect(await answer('GET /three HTTP/1.1', 'Host: a', 'Expect: tea')).toMatch(/^HTTP\/1.1 200 .*<\/three>$/s);
  for (const hosts of [[], ['Host: a', 'host: a'], ['Host: a', 'HOST: b']])
    expect(await answer('GET /four HTTP/1.1', ...hosts), hosts.join()).toMatch(/^HTTP\/1.1 400 .*"code":"malformed"/s);
});
