import { describe, expect, test } from 'vitest';
import { HOOKS_CERTIFICATE, rawReceiver, receiver } from '../../../test/receiver.ts';
import { isPublic } from './addresses.ts';
import { type GuardedParts, guardedHttp } from './guarded.ts';
import { BODY_LIMIT_BYTES } from './port.ts';

const PUBLIC = '203.0.114.7';

/** As outside production: this machine may be reached. */
const here = (more: Partial<GuardedParts> = {}) => guardedHttp({ allowsOwnMachine: true, ...more });
/** As in production, with a resolver in the test's hands. */
const inProduction = (addresses: readonly string[] = [PUBLIC]) =>
  guardedHttp({ allowsOwnMachine: false, timeLimitMs: 300, resolve: async () => [...addresses] });
const post = (http: ReturnType<typeof here>, url: string, signal?: AbortSignal) => http.post({ url, headers: {}, body: '{}', signal });

describe('which addresses are public', () => {
  test.each(['8.8.8.8', '203.0.114.7', '2606:4700::1111'])('%s is', (address) => {
    expect(isPublic(address)).toBe(true);
  });

  test.each([
    ...['127.0.0.1', '127.255.0.3', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '169.254.169.254'],
    ...['0.0.0.0', '0.1.2.3', '224.0.0.1', '255.255.255.255', '192.0.0.1', '192.0.2.1', '198.18.0.1', '198.51.100.1', '240.0.0.1'],
    ...['::', '::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd00:ec2::254', 'fec0::1', 'ff02::1', '2001:db8::1', '4000::1'],
    ...[
      '::ffff:10.0.0.1',
      '::ffff:8.8.8.8',
      '::ffff:7f00:1',
      '64:ff9b::7f00:1',
      '64:ff9b:1::1',
      '2002:7f00:1::',
      '2001:0:1::1',
      '::127.0.0.1',
    ],
    ...['', 'localhost', '8.8.8', 'no address'],
  ])('%s is not', (address) => {
    expect(isPublic(address)).toBe(false);
  });
});

describe('an address that somebody names', () => {
  test.each([
    ...['http://127.0.0.1/', 'https://127.0.0.1/', 'https://127.1/', 'https://2130706433/', 'https://0x7f.0.0.1/', 'https://0177.0.0.1/'],
    ...[
      'https://[::1]/',
      'https://[::ffff:127.0.0.1]/',
      'https://[64:ff9b::a00:1]/',
      'https://169.254.169.254/latest/meta-data',
      'https://10.0.0.1/',
    ],
    ...['https://localhost/', 'https://LOCALHOST./', 'https://a.localhost/', 'https://0.0.0.0/', 'https://１２７.０.０.１/'],
  ])('%s is refused in production, before anything is sent', async (url) => {
    const http = inProduction();
    expect(await http.refusalOf(url)).toBe('must lead to a public address');
    await expect(post(http, url)).rejects.toMatchObject({ name: 'OutgoingFailure', reason: 'url' });
  });

  test.each([
    ['http://example.com/', 'must begin with https://'],
    ['ftp://example.com/', 'must begin with https://'],
    ['https://user:secret@example.com/', 'must hold no name and no password'],
    ['https://example.com/#part', 'must have no fragment'],
    ['https://example.com:25/', 'must use the port 443, or one from 1024 on'],
    ['example.com', 'must be an address such as https://example.com/webhooks'],
    [`https://example.com/${'a'.repeat(2000)}`, 'must have at most 2,000 characters'],
  ])('%s: %s', async (url, refusal) => {
    expect(await inProduction().refusalOf(url)).toBe(refusal);
    expect(await here().refusalOf(url)).toBe(refusal);
  });

  test.each(['10.0.0.1', '169.254.169.254', '::1', '::ffff:127.0.0.1', 'fd00::1'])(
    'a name that leads to %s is refused',
    async (address) => {
      for (const addresses of [[address], [PUBLIC, address]]) {
        const http = inProduction(addresses);
        expect(await http.refusalOf('https://hooks.example.com/')).toBe('must lead to a public address');
        await expect(post(http, 'https://hooks.example.com/')).rejects.toMatchObject({ reason: 'address' });
      }
    },
  );

  test('a name that leads to public addresses may be registered, and so may one that nobody can resolve yet', async () => {
    expect(await inProduction().refusalOf('https://hooks.example.com:8443/a?b=c')).toBeUndefined();
    expect(await inProduction([]).refusalOf('https://hooks.example.com/')).toBeUndefined();
    await expect(post(inProduction([]), 'https://hooks.example.com/')).rejects.toMatchObject({ reason: 'name' });
  });

  test('a name that changes its address after it was checked changes nothing: it is looked up once for each call', async () => {
    const { port, calls } = await receiver();
    let looked = 0;
    const http = here({ resolve: async () => [looked++ === 0 ? '127.0.0.1' : '10.0.0.1'] });
    await expect(post(http, `http://hooks.test:${port}/`)).rejects.toMatchObject({ reason: 'url' });
    const secure = await receiver({ tls: true });
    const trusting = here({ authority: HOOKS_CERTIFICATE, resolve: async () => [looked++ === 0 ? '127.0.0.1' : '10.0.0.1'] });
    await post(trusting, `https://hooks.test:${secure.port}/`);
    await expect(post(trusting, `https://hooks.test:${secure.port}/`)).rejects.toMatchObject({ reason: 'address' });
    expect([looked, secure.calls.length, calls.length]).toEqual([2, 1, 0]);
  });
});

describe('an answer', () => {
  test('arrives whole, and so does what was sent', async () => {
    const { url, calls } = await receiver();
    const answer = await here().post({ url: `${url}/a?b=c`, headers: { 'x-mine': 'yes' }, body: 'héllo' });
    expect(answer).toEqual({ status: 204, retryAfter: undefined, body: '', isCut: false });
    expect(calls).toMatchObject([{ url: '/a?b=c', body: 'héllo', headers: { 'x-mine': 'yes', 'accept-encoding': 'identity' } }]);
  });

  test('a redirection is followed by nobody', async () => {
    const inner = await receiver();
    const outer = await receiver();
    outer.answer = (_, response) => void response.writeHead(307, { location: `${inner.url}/secret` }).end();
    expect(await post(here(), outer.url)).toMatchObject({ status: 307 });
    expect(inner.calls).toEqual([]);
  });

  test('of any size is read to its limit, and never unpacked', async () => {
    const there = await receiver();
    there.answer = (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'retry-after': '7' });
      const flood = (): unknown => response.writable && response.write(Buffer.alloc(64 * 1024, 'a'), flood);
      flood();
    };
    const answer = await post(here(), there.url);
    expect(answer).toMatchObject({ status: 200, retryAfter: '7', isCut: true });
    expect(answer.body).toBe('a'.repeat(BODY_LIMIT_BYTES));
    await expect.poll(there.connections).toBe(0);
  });

  test('that never begins ends with the time limit, or with the time of the caller', async () => {
    const there = await receiver();
    there.answer = () => {};
    await expect(post(here({ timeLimitMs: 100 }), there.url)).rejects.toMatchObject({ reason: 'timeout' });
    await expect(post(here(), there.url, AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect.poll(there.connections).toBe(0);
  });

  test('that never ends is cut, and its status counts', async () => {
    const there = await receiver();
    there.answer = (_, response) => {
      const drip = setInterval(() => response.write('.'), 20);
      response.writeHead(202).on('close', () => clearInterval(drip));
    };
    const answer = await post(here({ timeLimitMs: 300 }), there.url);
    expect(answer).toMatchObject({ status: 202, isCut: true });
    expect(answer.body).toMatch(/^\.+$/);
  });

  test.each([
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'answer'],
    ['a header without end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(20_000)}`, 'answer'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', 'answer'],
    ['nothing', '', 'connection'],
  ])('that is %s is a failure', async (_, bytes, reason) => {
    await expect(post(here(), (await rawReceiver(bytes)).url)).rejects.toMatchObject({ reason });
  });

  test('nobody listens: there is no connection', async () => {
    const there = await receiver();
    await there.stop();
    await expect(post(here(), there.url)).rejects.toMatchObject({ reason: 'connection' });
  });

  test('the name takes too long to be found', async () => {
    const http = guardedHttp({ allowsOwnMachine: false, timeLimitMs: 100, resolve: () => new Promise(() => {}) });
    await expect(post(http, 'https://hooks.example.com/')).rejects.toMatchObject({ reason: 'timeout' });
  });
});

test('nothing is sent under a certificate that nobody vouches for, or that is for another name', async () => {
  const { port, url, calls } = await receiver({ tls: true });
  const plain = await receiver();
  const resolve = async () => ['127.0.0.1'];
  for (const [http, to] of [
    [here({ resolve }), `https://hooks.test:${port}/`],
    [here({ resolve, authority: HOOKS_CERTIFICATE }), `https://other.test:${port}/`],
    [here(), url],
    [here(), `https://127.0.0.1:${plain.port}/`],
  ] as const)
    await expect(post(http, to), to).rejects.toMatchObject({ reason: 'tls' });
  expect(calls).toEqual([]);
  expect(await post(here({ resolve, authority: HOOKS_CERTIFICATE }), `https://hooks.test:${port}/`)).toMatchObject({ status: 204 });
});
