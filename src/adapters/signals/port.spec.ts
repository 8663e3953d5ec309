import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '#kernel/database.ts';
import { signal } from '#kernel/events.ts';
import { systemScope } from '#kernel/runtime.ts';
import { pgbouncerIsHere, startPooler } from '../../../infra/local/pgbouncer.ts';
import { type Redis, redisIsHere, startRedis } from '../../../infra/local/redis.ts';
import { type World, world } from '../../../test/world.ts';
import { listenNotify } from './listen-notify.ts';
import type { OpenSignals, Signals } from './port.ts';
import { redisSignals } from './redis.ts';

interface Adapter {
  name: string;
  open: OpenSignals;
  /** Its connection looks open, and nothing comes back. */
  hang(): void;
  goOn(): void;
}

const adapters: Adapter[] = [
  {
    name: 'LISTEN and NOTIFY',
    open: (parts) => listenNotify(parts),
    hang: () => {
      proxy.mode = 'silent';
    },
    goOn: () => {
      proxy.mode = 'open';
    },
  },
];
if (redisIsHere)
  adapters.push({
    name: 'Redis',
    open: (parts) => redisSignals(redis.url)(parts),
    hang: () => redis.signal('SIGSTOP'),
    goOn: () => redis.signal('SIGCONT'),
  });
if (!pgbouncerIsHere)
  process.stderr.write('PgBouncer is not installed: signals behind one are not tried. apt-get install pgbouncer brings it.\n');
if (!redisIsHere) process.stderr.write('Redis is not installed: its signals are not tried. apt-get install redis-server brings it.\n');

let w: World;
let proxy: Proxy;
let redis: Redis;
const opened: Signals[] = [];

beforeAll(async () => {
  w = await world();
  proxy = await openProxy(new URL(w.databaseUrl));
  if (redisIsHere) redis = await startRedis();
  return () => redis?.stop();
});
afterEach(async () => {
  for (const signals of opened.splice(0)) await signals.stop();
  proxy.mode = 'open';
});
afterAll(() => proxy.close());

const start = async (open: OpenSignals, url = proxy.url): Promise<{ signals: Signals; heard: () => number }> => {
  const signals = await open({ url });
  let times = 0;
  signals.on('bell', () => times++);
  opened.push(signals);
  await signals.start();
  return { signals, heard: () => times };
};

describe.each(adapters)('signals by $name', ({ open, hang, goOn }) => {
  test('are heard, and once more when hearing begins', async () => {
    const { signals, heard } = await start(open);
    const other = await start(open);
    expect(signals.hearing()).toBe(true);
    expect(heard()).toBe(1);
    await signals.send(['bell', 'other']);
    await expect.poll(heard).toBe(2);
    await expect.poll(other.heard).toBe(2);
  });

  test('of a transaction are heard when it has committed, and never when it has not', async () => {
    const there = await world({ adapters: { openSignals: open } });
    const { heard } = await start(open, there.databaseUrl);
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
    const there = await world({ adapters: { openSignals: open } });
    const { signals } = await start(open, there.databaseUrl);
    const before = await signals.listeners();
    expect(before).toBeGreaterThanOrEqual(2); // the world listens too
    await start(open, there.databaseUrl);
    expect(await signals.listeners()).toBe(before! + 1);
  });

  test('are known to be lost when the other end hangs and the connection still looks open, and are found again', async () => {
    const { signals, heard } = await start(open);
    hang();
    await expect.poll(() => signals.hearing(), { timeout: 6000 }).toBe(false);
    expect(await signals.listeners()).toBeUndefined();
    const before = heard();
    goOn();
    await expect.poll(() => signals.hearing(), { timeout: 10_000 }).toBe(true);
    expect(heard()).toBeGreaterThan(before);
  });
});

describe('LISTEN and NOTIFY', () => {
  test('are known to be lost when something in between swallows notifications, and are found again', async () => {
    const { signals, heard } = await start(listenNotify);
    proxy.mode = 'swallow notifications';
    await expect.poll(() => signals.hearing(), { timeout: 6000 }).toBe(false);
    const before = heard();
    proxy.mode = 'open';
    await expect.poll(() => signals.hearing(), { timeout: 6000 }).toBe(true);
    expect(heard()).toBe(before + 1);
  });

  test('behind a pooler that forgets LISTEN are never believed', async () => {
    proxy.mode = 'swallow notifications';
    const { signals } = await start(listenNotify);
    expect(signals.hearing()).toBe(false);
    expect(await signals.listeners()).toBeUndefined();
  });

  test.runIf(pgbouncerIsHere)(
    'behind a PgBouncer that sends the probe by the connection that listened are not believed either',
    async () => {
      const pooler = await startPooler([w.databaseUrl]);
      const { signals } = await start(listenNotify, pooler.through(w.databaseUrl));
      expect(signals.hearing()).toBe(false);
      await signals.stop();
      await pooler.stop();
    },
  );
});

test('signals of an engine outside the database are sent after the commit, and a failure to send one undoes nothing', async () => {
  const sent: string[] = [];
  const openSignals: OpenSignals = async (parts) => {
    const { sentByCommit: _, ...engine } = await listenNotify(parts);
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
