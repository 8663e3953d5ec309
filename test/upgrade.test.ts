import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Invariants, openInvariants } from './kill-invariants.ts';
import { migrationsSince, oldCommit, subjectOf, unpack } from './old-version.ts';
import { type Person, usd } from './people.ts';
import { arrives, openRoom, type Server, startServer } from './real-server.ts';
import { openGateway, openShop } from './upgrade-load.ts';

/**
 * A rolling change, and the way back: a process of the version before and one of this version on one database, under load.
 * UPGRADE_FROM names another version to begin with, UPGRADE_SECONDS how long the load lasts.
 */
const isAsked = process.env.UPGRADE === 'on';
if (!isAsked) console.log('Skipped: npm run test:upgrade runs this version beside the one before it, for a minute.');

const SHOPPERS = 6;
const LOAD_MS = Number(process.env.UPGRADE_SECONDS ?? 60) * 1000;

/** What is announced and asked for. Only columns that every version has: the trigger is there before the migrations. Somebody hears every event, so that each is written. */
const WATCH = `
  insert into kernel.subscriptions (event, queue) values ('*', 'told') on conflict do nothing;
  create schema told;
  create table told.outbox (id uuid primary key, kind text, name text, subject text, payload jsonb, not_before timestamptz, created_at timestamptz);
  create function told.note() returns trigger language plpgsql as
    $$ begin insert into told.outbox values (new.id, new.kind, new.name, new.subject, new.payload, new.not_before, new.created_at) on conflict do nothing; return null; end $$;
  create trigger told after insert on kernel.outbox for each row execute function told.note()`;

/** A reaction that may be repeated leaves no note: its message in the queue is completed. */
const UNCONSUMED = `
  with worked as materialized (
    select name as queue, (row ->> 'id')::uuid as id from pgboss.job, jsonb_array_elements(data -> 'rows') as row where state = 'completed'
    union select subscription, event_id from kernel.consumed)
  select e.id, e.name, s.queue from told.outbox as e join kernel.subscriptions as s on s.event = e.name and s.added_at < e.created_at
  where e.kind = 'event' and (s.queue, e.id) not in (select queue, id from worked)
  and not (s.queue ~ '^(platform|microservices)/' and e.payload ->> 'channel' is distinct from split_part(s.queue, '/', 1))`; // dialects hear of their own orders

const UNDONE = `
  select id, name from told.outbox where kind = 'job' and (not_before is null or not_before < now())
  and id not in (select (row ->> 'id')::uuid from pgboss.job, jsonb_array_elements(data -> 'rows') as row where state = 'completed')`;

describe.skipIf(!isAsked)('a rolling change', () => {
  const room = openRoom('upgrade');
  const old = join(room.path, 'old');
  const name = `souk_upgrade_${randomBytes(4).toString('hex')}`;
  const serverUrl = inject('serverUrl');
  const databaseUrl = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
  const commit = isAsked ? oldCommit() : '';
  const started: Server[] = [];
  let books: Invariants;

  const starts = async (version: 'old' | 'new'): Promise<Server> => {
    const env = { DATABASE_URL: databaseUrl, PUBLIC_URL: 'http://souk.test', DEMO: 'on', SOUK_DATA: join(room.path, 'data') };
    const server = await startServer(room.path, env, undefined, version === 'old' ? join(old, 'apps/server.ts') : undefined);
    started.push(server);
    return server;
  };

  beforeAll(async () => {
    unpack(commit, old);
    await onServer(`create database ${name}`);
    books = openInvariants(databaseUrl);
  }, 300_000);

  afterAll(async () => {
    for (const server of started) if (server.child.exitCode === null) await server.kill();
    await books?.close();
    await onServer(`drop database if exists ${name} with (force)`);
    room.clear();
  });

  test(
    'from the version before to this one and back, under load, loses no event and answers no 5xx',
    async () => {
      const gateway = openGateway();
      let before = await starts('old');
      await books.rows(WATCH);
      gateway.to(before);
      const admin = await arrives(gateway.call, 'admin', 'souk-demo');
      const products = await Promise.all([20_00, 7_50, 99].map((price) => admin.lists({ price: usd(price), stock: 100_000 })));
      const shoppers = await Promise.all(Array.from({ length: SHOPPERS }, (_, index) => arrives(gateway.call, `shopper-${index}`)));
      for (const shopper of shoppers) await shopper.charge(usd(20_000_00));
      const shop = openShop(gateway, shoppers, admin, products);
      await sleep(LOAD_MS / 6);

      const now = await starts('new');
      gateway.to(before, now);
      await sleep(LOAD_MS / 3);
      await signsOutEverywhere(before, now);

      gateway.to(now);
      expect(await before.stop()).toEqual({ code: 0, signal: null });
      await sleep(LOAD_MS / 6);

      before = await starts('old');
      gateway.to(before, now);
      await sleep(LOAD_MS / 6);
      await signsOutEverywhere(now, before);
      for (const server of [before, now])
        for (const way of ['', '?full=true']) {
          const proof = await server.call(`/v1/ledger/proof${way}`, { headers: { authorization: `Bearer ${admin.token}` } });
          expect(proof.body, `${server === now ? 'new' : 'old'} ${way}`).toMatchObject({ ok: true });
        }

      gateway.to(before);
      expect(await now.stop()).toEqual({ code: 0, signal: null });
      await sleep(LOAD_MS / 6);
      await shop.close();
      const [first, second, third] = started as [Server, Server, Server];
      await starts('new'); // work that only this version knows has waited for it
      await expect.poll(() => books.unfinished(), { timeout: 30_000 }).toEqual([]);

      const shares = started.map((server) => gateway.answered.get(server) ?? 0).join(', ');
      const [told] = await books.rows<{ events: number; jobs: number }>(
        "select count(*) filter (where kind = 'event')::int as events, count(*) filter (where kind = 'job')::int as jobs from told.outbox",
      );
      const migrated = migrationsSince(commit).length;
      process.stdout.write(
        `  from ${subjectOf(commit)} (${migrated} migrations since): ${JSON.stringify(shop.calls)}; replies of old, new and old: ${shares}; ` +
          `${told!.events} events, ${told!.jobs} jobs\n`,
      );
      expect(gateway.faults).toEqual([]);
      for (const server of [first, second, third]) expect(gateway.answered.get(server), 'each takes part').toBeGreaterThan(20);
      expect(told!.events).toBeGreaterThan(100);
      expect(await books.rows(UNCONSUMED)).toEqual([]);
      expect(await books.rows(UNDONE)).toEqual([]);
      await expect.poll(() => books.faults(), { timeout: 90_000, interval: 1000 }).toEqual([]); // orders of before get shipments by a timer
      for (const [what, ids] of Object.entries(shop.granted))
        expect(
          await books.rows(`select id from unnest($1::uuid[]) as id where id not in (select id from ${TABLES[what]})`, [ids]),
          what,
        ).toEqual([]);
      expect((await admin.get('/v1/ledger/proof')).body).toMatchObject({ ok: true });
      for (const server of started)
        expect(
          server
            .stdout()
            .split('\n')
            .filter((line) => line.startsWith('{"level":5')),
        ).toEqual([]);
    },
    LOAD_MS + 270_000,
  );

  /** Who signs out at one process is signed out at the other. */
  async function signsOutEverywhere(at: Server, other: Server): Promise<void> {
    const ann: Person = await arrives(at.call, 'ann');
    const asks = () => other.call('/v1/auth/me', { headers: { authorization: `Bearer ${ann.token}` } }).then(({ status }) => status);
    expect(await asks()).toBe(200);
    await ann.post('/v1/auth/sign-out');
    await expect.poll(asks, { timeout: 5000 }).toBe(401);
  }

  async function onServer(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: serverUrl });
    await client.connect();
    await client.query(statement);
    await client.end();
  }
});

const TABLES: Record<string, string> = {
  orders: 'orders.orders',
  charges: 'wallet.charges',
  accounts: 'identity.accounts',
  products: 'catalog.products',
  reviews: 'reviews.reviews',
};
