import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { useExternalDatabase } from './external.ts';

let server: Server | undefined;

afterEach(() => server?.close());

test('an address where nothing listens is refused in a sentence', async () => {
  const port = await listen(() => {});
  server!.close();

  await expect(useExternalDatabase(`postgres://souk:s3cret@127.0.0.1:${port}/shop`)).rejects.toThrow(
    `The database shop at 127.0.0.1:${port} could not be reached: nothing listens there.`,
  );
});

test('one that never answers is given up after five seconds', async () => {
  const port = await listen(() => {});

  await expect(useExternalDatabase(`postgres://souk:s3cret@127.0.0.1:${port}/shop`)).rejects.toThrow('did not answer within 5 seconds.');
}, 8000);

test('PostgreSQL 14 is refused, 15 is taken', async () => {
  const port = await listen(postgres(140012, '14.12'));
  await expect(useExternalDatabase(`postgres://souk:s3cret@127.0.0.1:${port}/shop`)).rejects.toThrow(
    `The database shop at 127.0.0.1:${port} is PostgreSQL 14.12, and Souk needs 15 or later.`,
  );
  server!.close();

  const younger = await listen(postgres(150000, '15.0'));
  const url = `postgres://souk:s3cret@127.0.0.1:${younger}/shop`;
  expect(await useExternalDatabase(url)).toMatchObject({ url, embedded: false });
});

test.each(['LATIN1', 'SQL_ASCII'])('a database that holds %s is refused', async (encoding) => {
  const name = `souk_${encoding.toLowerCase()}_${process.pid}`;
  const client = new pg.Client(inject('serverUrl'));
  await client.connect();
  await client.query(`create database ${name} encoding '${encoding}' locale 'C' template template0`);
  const url = Object.assign(new URL(inject('serverUrl')), { pathname: `/${name}` });

  await expect(useExternalDatabase(url.href)).rejects.toThrow(
    `The database ${name} at 127.0.0.1:${url.port} has the encoding ${encoding}, and Souk needs UTF8: make another with`,
  );

  await client.query(`drop database ${name} with (force)`);
  await client.end();
});

test.each([
  ['28P01', 'refused the password of user souk.'],
  ['3D000', 'does not exist on that server.'],
  ['XX000', 'could not be used: it dislikes … today.'],
])('a refusal with %s is told without the password', async (code, sentence) => {
  const port = await listen(
    (socket) => void socket.once('data', () => socket.end(message('E', `SFATAL\0C${code}\0Mit dislikes s3cret today\0\0`))),
  );
  const refusal: Error = await useExternalDatabase(`postgres://souk:s3cret@127.0.0.1:${port}/shop`).catch((error) => error);

  expect(refusal.message).toContain(sentence);
  expect(JSON.stringify([refusal.message, refusal.stack, refusal.cause])).not.toContain('s3cret');
});

test('what is no address at all is refused with an example of one', async () => {
  const refusal: Error = await useExternalDatabase('postgres://souk:s3cret@[half/shop').catch((error) => error);

  expect(refusal.message).toBe(
    'DATABASE_URL is not an address of a PostgreSQL: it looks like postgres://user:password@host:5432/database.',
  );
  expect(refusal.cause).toBeUndefined();
});

async function listen(answer: (socket: Socket) => void): Promise<number> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** As much of PostgreSQL's protocol as it takes to say one's version. */
function postgres(version: number, name: string): (socket: Socket) => void {
  const ready = message('Z', 'I');
  const row = message('D', Buffer.concat([Buffer.from([0, 3]), ...[String(version), name, 'UTF8'].map(value)]));
  const columns = message('T', Buffer.concat([Buffer.from([0, 3]), column('number', 23), column('name', 25), column('encoding', 25)]));
  return (socket) => {
    socket.once('data', () => {
      socket.write(Buffer.concat([message('R', Buffer.alloc(4)), ready]));
      socket.once('data', () => socket.write(Buffer.concat([columns, row, message('C', 'SELECT 1\0'), ready])));
    });
  };
}

function message(type: string, body: Buffer | string): Buffer {
  const content = Buffer.from(body as string);
  return Buffer.concat([Buffer.from(type), int32(content.length + 4), content]);
}

function column(name: string, type: number): Buffer {
  return Buffer.concat([Buffer.from(`${name}\0`), Buffer.alloc(6), int32(type), Buffer.alloc(8)]);
}

function value(text: string): Buffer {
  return Buffer.concat([int32(text.length), Buffer.from(text)]);
}

function int32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(number);
  return bytes;
}
