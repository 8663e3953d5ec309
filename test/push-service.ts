import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { closeAtEnd } from './closing.ts';

export interface Browser {
  /** What its PushSubscription says. */
  subscription: { endpoint: string; keys: { p256dh: string; auth: string } };
  /** What has arrived, decrypted, oldest first. */
  arrived: { payload: Record<string, unknown>; headers: IncomingHttpHeaders; signedFor: string }[];
}

/** A push service on this machine, with browsers whose private keys it uses to read what it receives (RFC 8291). */
export async function pushService() {
  const browsers = new Map<string, (headers: IncomingHttpHeaders, body: Buffer) => void>();
  const service = { answers: 201, calls: 0 };
  const server = createServer(async (request, response) => {
    service.calls++;
    const body = await buffer(request);
    const receive = browsers.get(request.url ?? '');
    if (service.answers < 300 && receive) receive(request.headers, body);
    response.writeHead(receive ? service.answers : 404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closeAtEnd(async () => void server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(service, {
    origin,
    browser(name: string): Browser {
      const keys = createECDH('prime256v1');
      keys.generateKeys();
      const auth = randomBytes(16);
      const browser: Browser = {
        subscription: {
          endpoint: `${origin}/${name}`,
          keys: { p256dh: keys.getPublicKey('base64url'), auth: auth.toString('base64url') },
        },
        arrived: [],
      };
      browsers.set(`/${name}`, (headers, body) =>
        browser.arrived.push({ payload: JSON.parse(decrypted(keys, auth, body)), headers, signedFor: vapidAudience(headers) }),
      );
      return browser;
    },
  });
}

/** RFC 8188 and RFC 8291, for one record. @throws Error when it was encrypted for another browser. */
function decrypted(keys: ReturnType<typeof createECDH>, auth: Buffer, body: Buffer): string {
  const salt = body.subarray(0, 16);
  const sender = body.subarray(21, 21 + body[20]!);
  const record = body.subarray(21 + body[20]!);
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.getPublicKey(), sender]);
  const key = Buffer.from(hkdfSync('sha256', keys.computeSecret(sender), auth, info, 32));
  const derive = (name: string, length: number) =>
    Buffer.from(hkdfSync('sha256', key, salt, Buffer.from(`Content-Encoding: ${name}\0`), length));
  const decipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12)).setAuthTag(record.subarray(-16));
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
  return padded.subarray(0, padded.lastIndexOf(2)).toString('utf8');
}

/** Whom the sender's signature is for (RFC 8292). @throws Error when it is not the signature of the key that it names. */
function vapidAudience({ authorization = '' }: IncomingHttpHeaders): string {
  const [, token = '', key = ''] = /^vapid t=([^,]+), ?k=(\S+)$/.exec(authorization) ?? [];
  const point = Buffer.from(key, 'base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
  const [head, claims, signature] = token.split('.');
  const publicKey = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const;
  if (!verify('sha256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature ?? '', 'base64url')))
    throw new Error('The signature of the sender is wrong.');
  return JSON.parse(Buffer.from(claims!, 'base64url').toString()).aud;
}
