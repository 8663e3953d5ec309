import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asCompleted } from './delivered.ts';
import { PASSWORD, type Person, people, type Reply, usd } from './people.ts';
import { openRoom, type Server, startServer } from './real-server.ts';
import { type World, world } from './world.ts';

/** Deletions that a power cut meets on the way: each ends once Souk runs again, and no account is left half there. */

const RANDOM_ROUNDS = 2;
const LEAVING_AT_ONCE = 5;
/** Longer than the lease of a closure: a server that starts later by so much need not wait for it to run out. */
const LATER_SECONDS = 45;
const FINISHED_MS = 30_000;

const room = openRoom('leaving-kills');
let w: World;
let server: Server;
let starts = 0;
let lamp: string;

beforeAll(async () => {
  w = await world();
  lamp = await (await w.admin()).lists({ price: usd(20_00), stock: 1000 });
});

afterAll(async () => {
  await server?.kill();
  room.clear();
});

/** Somebody of whom every module knows something; whatever is personal holds one of these words. */
interface Leaver {
  person: Person;
  words: string[];
  /** What the account says while it is there. */
  says: object;
}

/** Each waits in another place of a deletion for a row that somebody else holds, from the first step to the last. */
const PLACES: [where: string, closure: 'closing' | 'erasing', hold: (id: string) => string][] = [
  ['before the account is closed', 'closing', (id) => `select 1 from identity.accounts where id = '${id}' for update`],
  ['before the wallet is closed', 'closing', (id) => `insert into wallet.closed_owners (owner, at) values ('${id}', now())`],
  ['before orders are closed', 'closing', (id) => `insert into orders.closed_accounts (account_id, at) values ('${id}', now())`],
  ['while identity erases', 'erasing', (id) => `select 1 from identity.second_factors where account_id = '${id}' for update`],
  ['while reviews forget', 'erasing', (id) => `select 1 from reviews.reviews where customer_id = '${id}' for update`],
  ['while moderation forgets', 'erasing', (id) => `select 1 from moderation.items where author = '${id}' for update`],
  ['while the catalog forgets', 'erasing', (id) => `select 1 from catalog.products where seller_id = '${id}' for update`],
  ['while orders forget', 'erasing', (id) => `select 1 from orders.orders where buyer = '${id}' for update`],
  ['while the wallet forgets', 'erasing', (id) => `select 1 from wallet.deductions where owner = '${id}' for update`],
];

test(`through kill -9 in ${PLACES.length} places of a deletion, and at ${RANDOM_ROUNDS} random moments, accounts are gone or unchanged`, async () => {
  const [held, hurried] = [await arrive(PLACES.length), await arrive(RANDOM_ROUNDS * LEAVING_AT_ONCE)];
  await w.step();
  await asCompleted(w); // everybody has bought something

  await start();
  const cutOff = await killInEveryPlace(held);
  await start();
  const outcomes: { leaver: Leaver; reply: Reply | undefined }[] = [];
  for (let round = 0; round < RANDOM_ROUNDS; round++) {
    outcomes.push(...(await killAtRandom(hurried.splice(0, LEAVING_AT_ONCE))));
    await start(); // it finds what the kill has left, and the next kill may meet it at that
  }
  await finished();

  expect(cutOff).toEqual(PLACES.map(([where, closure]) => `${where}: ${closure}`));
  const dump = await w.dump();
  for (const leaver of held) expect(await endOf(leaver, dump)).toBe('erased');
  for (const { leaver, reply } of outcomes) {
    const end = await endOf(leaver, dump);
    if (reply?.status === 204) expect(end).toBe('erased');
    if (reply?.status === 409) expect(end).toBe('active');
  }
  expect(await w.ask('wallet', 'prove', {})).toMatchObject({ ok: true });
  expect(
    await w.sql(
      "select 1 from wallet.accounts m join identity.accounts a on a.id::text = m.owner where a.state = 'erased' and m.balance <> 0",
    ),
  ).toEqual([]);
}, 120_000);

/** Starts a server, or starts it again a little later. */
async function start(): Promise<void> {
  const later = String(starts++ * LATER_SECONDS);
  server = await startServer(room.path, {
    DATABASE_URL: w.databaseUrl,
    PUBLIC_URL: 'http://localhost:3000',
    SANDBOX_CLOCK_SHIFT_SECONDS: later,
  });
}

const arrive = (count: number): Promise<Leaver[]> => Promise.all(Array.from({ length: count }, arrives));

async function arrives(): Promise<Leaver> {
  const mark = randomBytes(6).toString('hex');
  const phone = `+2165${randomInt(1_000_000, 10_000_000)}`;
  const person = await w.person(`who_${mark}`);
  const path = `/v1/customers/${person.username}`;
  await person.patch(path, { fullName: `Name ${mark}`, address: `Street ${mark}`, phone });
  await person.charge(usd(50_00));
  const shippingAddress = { street: `Street ${mark}`, city: 'Tunis', country: 'TN', phone };
  const made = [
    await buys(person, { items: [{ productId: lamp, quantity: 1 }], shippingAddress }),
    await person.post(`/v1/products/${lamp}/reviews`, { rating: 4, comment: `Call ${mark} on ${phone}.` }),
    await person.post('/v1/products', { name: 'A vase', category: 'food', price: usd(1_00), stock: 5 }),
    await person.post('/v1/auth/mfa/totp', { currentPassword: PASSWORD }),
    await person.post(`${path}/wallet/deduct`, { ...usd(30_00), reason: `to ${mark}` }),
  ];
  expect(made.map(({ status, body }) => (status === 201 ? 201 : body))).toEqual([201, 201, 201, 201, 201]);
  return { person, words: [mark, phone], says: aboutOf((await person.get(path)).body) };
}

/** Asks again while the order is under way: the server's clock is ahead, so that its timer may take the order over. */
async function buys(person: Person, order: object): Promise<Reply> {
  const headers = { 'idempotency-key': randomBytes(8).toString('hex') };
  for (;;) {
    const reply = await person.post('/v1/orders', order, headers);
    if (reply.body.code !== 'still-running') return reply;
  }
}

const aboutOf = ({ version: _, ...about }: { version: number }): object => about;

/** A person who talks to the server; a lost reply is undefined. */
function there({ person }: Leaver) {
  const me = people({ call: server.call, ask: () => Promise.reject(new Error('nobody to ask')) }).withToken(person, person.token);
  return {
    leave: () => me.delete(`/v1/customers/${person.username}`).catch(() => undefined),
    charge: () => me.charge(usd(1_00)).catch(() => undefined),
  };
}

/** Everybody leaves at once, each is held up in another place, and then Souk is killed. Answers where each closure was. */
async function killInEveryPlace(leavers: readonly Leaver[]): Promise<string[]> {
  const holder = new pg.Client({ connectionString: w.databaseUrl });
  await holder.connect();
  try {
    await holder.query('begin');
    for (const [index, [, , hold]] of PLACES.entries()) await holder.query(hold(leavers[index]!.person.id));
    const { pid } = (await holder.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!;
    const held = async () => (await w.sql('select 1 from pg_stat_activity where $1 = any(pg_blocking_pids(pid))', [pid])).length;

    const leaving = leavers.map((leaver) => there(leaver).leave());
    await expect.poll(held, { timeout: 10_000, interval: 20 }).toBe(PLACES.length);
    await server.kill();
    expect(await Promise.all(leaving)).toEqual(leavers.map(() => undefined));
    const closures = await w.sql<{ account_id: string; state: string }>('select account_id, state from customers.closures');
    return PLACES.map(
      ([where], index) => `${where}: ${closures.find(({ account_id }) => account_id === leavers[index]?.person.id)?.state}`,
    );
  } finally {
    await holder.end(); // what it held is free
  }
}

/** They leave at once, some while they charge their wallets, and Souk is killed meanwhile. */
async function killAtRandom(leavers: readonly Leaver[]) {
  const leaving = leavers.map((leaver) => there(leaver).leave());
  const charging = leavers.slice(0, 3).map((leaver) => there(leaver).charge());
  await sleep(randomInt(10, 150));
  await server.kill();
  await Promise.all(charging);
  return Promise.all(leavers.map(async (leaver, index) => ({ leaver, reply: await leaving[index] })));
}

const UNDER_WAY = `
  select account_id::text from customers.closures where state <> 'erased'
  union all select id::text from wallet.charges where state = 'pending'`;

const finished = () => expect.poll(() => w.sql(UNDER_WAY), { timeout: FINISHED_MS, interval: 100 }).toEqual([]);

/** How it ended for somebody: erased with nothing left of them, or active with nothing missing. */
async function endOf({ person: { id, username }, words, says }: Leaver, dump: string): Promise<string | undefined> {
  const [account] = await w.sql<{ state: string }>('select state from identity.accounts where id = $1', [id]);
  const [left] = await w.sql(
    `select (select count(*)::int from orders.orders where buyer = $1::uuid and address_sealed is not null) as addresses,
            (select count(*)::int from catalog.products where seller_id = $1::uuid and state <> 'archived' and seller_username = $2) as products,
            (select count(*)::int from reviews.reviews where customer_id = $1::uuid and erased_at is null) as reviews,
            (select count(*)::int from identity.second_factors where account_id = $1::uuid) as factors,
            (select count(*)::int from moderation.items where author = $1::uuid and excerpt_sealed is not null) as excerpts,
            (select count(*)::int from wallet.deductions where owner = $1::uuid::text and reason is not null) as reasons,
            (select count(*)::int from wallet.closed_owners where owner = $1::uuid::text) as wallets_closed,
            (select count(*)::int from orders.closed_accounts where account_id = $1::uuid) as orders_closed`,
    [id, username],
  );
  const personal = (count: number) => ({
    addresses: count,
    products: count,
    reviews: count,
    factors: count,
    excerpts: count,
    reasons: count,
  });
  if (account?.state === 'erased') {
    expect(left).toEqual({ ...personal(0), wallets_closed: 1, orders_closed: 1 });
    for (const word of words) expect(dump.includes(word), `${word} of ${username}`).toBe(false);
  } else {
    expect(left).toEqual({ ...personal(1), wallets_closed: 0, orders_closed: 0 });
    expect(aboutOf(await w.ask('identity', 'readCustomer', { accountId: id }))).toEqual(says);
    for (const word of words.slice(0, 1)) expect(dump.includes(word), `${word} of ${username}`).toBe(true);
  }
  expect(dump).toContain(id);
  return account?.state;
}
