import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../src/kernel/ids.ts';
import { usd } from './people.ts';
import { openRoom, type Server, startServer } from './real-server.ts';
import { type World, world } from './world.ts';

/** A power cut while the bank has answered about a payout and the answer is not written: it is asked again, and the ledger gets it once. */

const room = openRoom('payout-kills');
const BOOKING = 7_281_006; // any number
let w: World;
let server: Server;

beforeAll(async () => {
  w = await world();
});

afterAll(async () => {
  await server?.kill();
  room.clear();
});

const start = async (laterSeconds: number): Promise<void> => {
  server = await startServer(room.path, {
    DATABASE_URL: w.databaseUrl,
    PUBLIC_URL: 'http://localhost:3000',
    SANDBOX_CLOCK_SHIFT_SECONDS: String(laterSeconds),
  });
};

const states = async (): Promise<string[]> =>
  (await w.sql<{ state: string }>('select state from wallet.payouts order by id')).map(({ state }) => state);

test('payouts that kill -9 meets at the bank end as the bank says, and their money moves once', async () => {
  const sue = await w.person('sue');
  await w.ask('wallet', 'collectCash', {
    key: newId(),
    payer: newId(),
    currency: 'USD',
    share: { payee: sue.id, amount: 9_00, commission: 0 },
  });
  for (const destination of ['file', 'closed-account']) await sue.post('/v1/payouts', { ...usd(4_00), destination });
  await w.sql(`
    create function public.wait() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(${BOOKING}); return new; end $$;
    create trigger wait before update on wallet.payouts for each row when (new.state <> old.state) execute function public.wait()`);
  const holder = new pg.Client({ connectionString: w.databaseUrl });
  await holder.connect();
  try {
    await holder.query(`select pg_advisory_lock(${BOOKING})`);
    await start(0);
    const booking = () => w.sql("select 1 from pg_locks where locktype = 'advisory' and objid = $1 and not granted", [BOOKING]);
    await expect.poll(async () => (await booking()).length, { timeout: 20_000, interval: 20 }).toBe(2);
    await server.kill();
  } finally {
    await holder.end();
  }
  expect(await states()).toEqual(['pending', 'pending']);
  expect((await sue.get('/v1/customers/sue/wallet/sales')).body.balances).toMatchObject([{ payable: 1_00 }]);
  await start(45); // the lease is over
  await expect.poll(states, { timeout: 30_000, interval: 50 }).toEqual(['sent', 'failed']);
  expect((await sue.get('/v1/customers/sue/wallet/sales')).body.balances).toMatchObject([{ payable: 5_00, receivable: 0 }]);
  expect((await w.sql("select kind from wallet.transfers where kind like 'payout%' order by seq")).map(({ kind }) => kind)).toEqual([
    'payout',
    'payout',
    'payout-return',
  ]);
  expect(await w.ask('wallet', 'prove', { full: true })).toMatchObject({ ok: true });
}, 90_000);
