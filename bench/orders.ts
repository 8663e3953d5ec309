import { randomUUID } from 'node:crypto';
import { loadavg } from 'node:os';
import { atRest } from './at-rest.ts';
import { type Buyer, buyers, caller } from './buyers.ts';
import { listLamps, openDemoShop } from './demo-shop.ts';
import { any, median } from './load.ts';
import { say } from './report.ts';

/**
 * The whole way of an order beside the purchase alone: 16 buyers place orders; in the other turns a warehouse packs each, and a carrier ships
 * and delivers it, with API keys, as partners do. Counted are the orders a second while calls are made, and until all that follows (events,
 * notifications, queues) is done too. Settings: BENCH_ROUNDS (5), BENCH_ORDERS (500) of each turn.
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const ORDERS = Number(process.env.BENCH_ORDERS ?? 500);
const AT_ONCE = 16;
const PRODUCTS = 50;

const { server, asked, stop } = await openDemoShop({ WAREHOUSE: 'Tunis Warehouse', CARRIER: 'Carthage Couriers' });
try {
  await bench();
} finally {
  await stop();
}

interface Rate {
  /** Orders a second, while calls are made. */
  calls: number;
  /** The same until nothing follows from them any more. */
  atRest: number;
}

async function bench(): Promise<void> {
  const load = loadavg()[0]!.toFixed(1);
  const admin = await caller(server.url, 'admin', 'souk-demo');
  const keyOf = async (name: string, scopes: string[]) => (await admin<{ key: string }>('/v1/api-keys', { name, scopes })).key;
  const [warehouse, carrier] = [
    await keyOf('Tunis Warehouse', ['orders:pack']),
    await keyOf('Carthage Couriers', ['orders:ship', 'orders:deliver']),
  ];
  const products = await listLamps(server.url, PRODUCTS);
  const people = await buyers(server.url, AT_ONCE);

  const place = (buyer: Buyer) =>
    post('/v1/orders', { authorization: `Bearer ${buyer.token}` }, { items: [{ productId: any(products), quantity: 1 }] });
  const wholeWay = async (buyer: Buyer) => {
    const { id } = await place(buyer);
    await post(`/v1/orders/${id}/packed`, { 'x-api-key': warehouse }, {});
    await post(`/v1/orders/${id}/shipped`, { 'x-api-key': carrier }, { tracking: 'TN-4711' });
    await post(`/v1/orders/${id}/delivered`, { 'x-api-key': carrier }, {});
  };
  const rates = { 'the purchase alone': [] as Rate[], 'from placed to delivered': [] as Rate[] };
  await turn(people, wholeWay); // plans, caches and compiled code
  for (let round = 1; round <= ROUNDS; round++) {
    rates['the purchase alone'].push(await turn(people, place));
    rates['from placed to delivered'].push(await turn(people, wholeWay));
  }
  say(`Load of the machine before: ${load}. ${ROUNDS} turns of ${ORDERS} orders each, ${AT_ONCE} at once; medians.\n`);
  say('| | orders a second | until all is done |\n|---|---|---|');
  for (const [name, turns] of Object.entries(rates))
    say(`| ${name} | ${median(turns.map(({ calls }) => calls)).toFixed(0)} | ${median(turns.map(({ atRest }) => atRest)).toFixed(0)} |`);
}

async function turn(people: readonly Buyer[], work: (buyer: Buyer) => Promise<unknown>): Promise<Rate> {
  const began = performance.now();
  let left = ORDERS;
  await Promise.all(
    people.map(async (buyer) => {
      while (left-- > 0) await work(buyer);
    }),
  );
  const calls = performance.now() - began;
  await atRest(asked);
  return { calls: (ORDERS * 1000) / calls, atRest: (ORDERS * 1000) / (performance.now() - began) };
}

async function post(path: string, who: Record<string, string>, body: object): Promise<{ id: string }> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...who };
  const reply = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(`POST ${path} answered ${await reply.text()}`);
  return (await reply.json()) as { id: string };
}
