import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '#kernel/database.ts';
import { signal } from '#kernel/events.ts';
import { systemScope } from '#kernel/runtime.ts';
import { type World, world } from '../../../test/world.ts';
import { listenNotify } from './listen-notify.ts';
import type { OpenSignals, Signals } from './port.ts';

const adapters: { name: string; open: OpenSignals }[] = [{ name: 'LISTEN and NOTIFY', open: listenNotify }];

let w: World;
let proxy: Proxy;
const opened: Signals[] = [];

beforeAll(async () => {
  w = await world();
  proxy = await openProxy(new URL(w.databaseUrl));
});
afterEach(async () => {
  for (const signals of opened.splice(0)) await signals.stop();
  proxy.mode = 'open';
});
afterAll(() => proxy.close());

describe.each(adapters)('signals by $name', ({ open }) => {
  const start = async (url: string): Promise<{ signals: Signals; heard: () => number }> => {
    const signals = open({ url });
    let times = 0;
    signals.on('bell', () => times++);
    opened.push(signals);
    await signals.start();
    return { signals, heard: () => times };
  };

  test('are heard, and once more when hearing begins', async () => {
    const { signals, heard } = await start(w.databaseUrl);
    expect(signals.hearing()).toBe(true);
    expect(heard()).toBe(1);
    await signals.send(['bell', 'other']);
    await expect.poll(heard).toBe(2);
  });

  test('of a transaction are heard when it has committed, and never when it has not', async () => {
    const there = await world({ adapters: { openSignals: open } });
    const { heard } = await start(there.databaseUrl);
    const { db } = there.souk.runtime.context('identity', systemScope);
    const ring = (fails: boolean) =>
      db.transaction(async (tx) => {
        signal(tx, 'bell');
        if (fails) throw new Error('no');
      });
    await ring(true).catch(() => {});
    await ring(false);
    await expect.poll(heard).toBe(2);
  });

  test('count those who listen', async () => {
    const { signals } = await start(w.databaseUrl);
    expect(await signals.listeners()).toBe(2); // the world listens too
  });

  test('are known to be lost when something in between swallows them, and are found again', async () => {
    const { signals, heard } = await start(proxy.url);
    expect(signals.hearing()).toBe(true);
    proxy.mode = 'swallow notifications';
    await expect.poll(() => signals.hearing(), { timeout: 6000 }).toBe(false);
    const before = heard();
    proxy.mode = 'open';
    await expect.poll(() => signals.hearing(), { timeout: 6000 }).toBe(true);
    expect(heard()).toBe(before + 1);
  });

  test('are known to be lost when the other end is gone and the connection still looks open', async () => {
    const { signals } = await start(proxy.url);
    proxy.mode = 'silent';
    await expect.poll(() => signals.hearing(), { timeout: 6000 }).toBe(false);
  });

  test('behind a pooler that forgets LISTEN are never believed', async () => {
    proxy.mode = 'swallow notifications';
    const { signals } = await start(proxy.url);
    expect(signals.hearing()).toBe(false);
    expect(await signals.listeners()).toBeUndefined();
  });
});

test('signals of an engine outside the database are sent after the commit, and a failure to send one undoes nothing', async () => {
  const sent: string[] = [];
  const openSignals: OpenSignals = (parts) => {
    const { sentByCommit: _, ...engine } = listenNotify(parts);
    const send = async (channels: readonly string[]) => {
      sent.push(`${channels} after ${(await there.sql('select 1 from public.rings')).length}`);
      throw new Error('it does not answer');
    };
    return { ...engine, send };
  };
  const there = await world({ adapters: { openSignals } });
  await there.sql('create table public.rings ()');
  await there.souk.runtime.context('identity', systemScope).db.transaction(async (tx) => {
    await tx.execute(sql`insert into public.rings default values`);
    signal(tx, 'bell');
    expect(sent).toEqual([]);
  });
  await expect.poll(() => sent).toEqual(['bell after 1']);
});

interface Proxy {
  url: string;
  mode: 'open' | 'silent' | 'swallow notifications';
  close(): Promise<void>;
}

const NOTIFICATION = 'A'.charCodeAt(0);

/** Stands between a client and PostgreSQL, and may keep back what PostgreSQL says. */
async function openProxy(target: URL): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const proxy: Proxy = { url: '', mode: 'open', close: async () => {} };
  const server: Server = createServer((client) => {
    const database = connect(Number(target.port), target.hostname);
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.on('data', (chunk) => proxy.mode !== 'silent' && database.write(chunk));
    let rest = Buffer.alloc(0);
    database.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (let size = sizeOf(rest); size <= rest.length; size = sizeOf(rest)) {
        const isSwallowed = proxy.mode === 'silent' || (proxy.mode !== 'open' && rest[0] === NOTIFICATION);
        if (!isSwallowed) client.write(rest.subarray(0, size));
        rest = rest.subarray(size);
      }
    });
    client.on('close', () => database.destroy());
    database.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  proxy.url = Object.assign(new URL(target), { hostname: '127.0.0.1', port: String(port) }).href;
  proxy.close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return proxy;
}

/** A message of PostgreSQL: one character for its kind, and the length of the rest. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const sizeOf = (bytes: Buffer): number => (bytes.length < 5 ? Number.POSITIVE_INFINITY : 1 + bytes.readInt32BE(1));
