import pino from 'pino';
import { expect, test } from 'vitest';
import { type Document, judge } from './document.ts';
import { callOf, type FuzzCall, type Stage } from './fuzz-requests.ts';
import { type Chance, chanceFrom } from './fuzz-values.ts';
import { PASSWORD, usd } from './people.ts';
import { type World, world } from './world.ts';

/**
 * `npm test` sends the same 5,000 calls each time. `npm run test:fuzz` sends 50,000 (`FUZZ_REQUESTS`) that are new each time; `FUZZ_SEED`
 * repeats those of an earlier run, up to the ids that the server makes.
 */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 5000);
const SEED = Number(process.env.FUZZ_SEED ?? (process.env.FUZZ_REQUESTS ? Math.floor(Math.random() * 2 ** 32) : 7));
const PER_STAGE = 250;
const AT_ONCE = 4;

test(`${REQUESTS} calls of all operations, valid or not, are answered as the document says (FUZZ_SEED=${SEED})`, {
  timeout: REQUESTS * 60,
}, async () => {
  const failures: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => failures.push(line.slice(0, 1500)) });
  const w = await world({ log, env: { MFA_ROLES: '' } });
  const document = JSON.parse(JSON.stringify(w.souk.openapi())) as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const { reply } = judge(document);
  const chance = chanceFrom(SEED);
  const statuses = new Map<number, number>();
  const succeeded = new Set<string>();
  const wrong: string[] = [];
  let stage = await stageOf(w, 0);

  const send = async ({ template, method, url, headers, body }: FuzzCall): Promise<void> => {
    const answer = await w.souk.fetch(new Request(`http://souk.test${url}`, { method, headers, body, redirect: 'manual' }));
    const text = await answer.text();
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.status < 400) succeeded.add(`${method} ${template}`);
    const isHead = method === 'HEAD';
    const said =
      isHead && text === '' ? [] : reply(template, method.toLowerCase(), { status: answer.status, headers: answer.headers, text });
    if (answer.status >= 500) said.push(`the status ${answer.status}: ${failures.at(-1)}`);
    if (said.length > 0)
      wrong.push(`${method} ${url.slice(0, 300)} ${JSON.stringify(headers)} ${String(body).slice(0, 500)}\n  ${said.join('\n  ')}`);
  };

  for (let sent = 0; sent < REQUESTS && wrong.length < 20; sent += AT_ONCE) {
    if (sent % PER_STAGE < AT_ONCE && sent > 0) stage = await stageOf(w, sent);
    await Promise.all(
      pick(operations, chance).map(({ path, method, operation }) => send(callOf(path, method, operation, document, stage, chance))),
    );
  }

  if (process.env.FUZZ_REQUESTS)
    console.log(`seed ${SEED}`, Object.fromEntries([...statuses].sort()), `${succeeded.size} operations succeeded`);
  expect(wrong.join('\n\n'), `FUZZ_SEED=${SEED}`).toBe('');
  expect(statuses.get(422) ?? 0).toBeGreaterThan(REQUESTS / 50);
  expect(succeeded.size).toBeGreaterThan(Math.min(operations.length / 2, REQUESTS / 10));
});

const pick = <T>(from: readonly T[], chance: Chance): T[] => Array.from({ length: AT_ONCE }, () => chance.of(from));

/** People, products, an order, a review and a key: calls are filled with their ids. */
async function stageOf(w: World, number: number): Promise<Stage> {
  const root = await w.person(`root${number}`, ['admin']);
  const sue = await w.seller(`sue${number}`);
  const bob = await w.buyer(`bob${number}`, { balance: usd(1_000_00) });
  const eve = await w.person(`eve${number}`);
  const shade = await root.lists({ name: `Lamp ${number}`, price: usd(10_00), stock: 50 });
  const draft = (await sue.post('/v1/products', { name: `Shade ${number}`, category: 'electronics', price: usd(5_00), stock: 3 })).body;
  const product = (await w.get(`/v1/products/${shade}`)).body;
  const order = (await bob.post('/v1/orders', { items: [{ productId: shade, quantity: 1 }] })).body;
  const review = (await bob.post(`/v1/products/${shade}/reviews`, { rating: 4, comment: 'You idiot, call me: +21671000000' })).body;
  const key = await w.partner(`Couriers ${number}`, ['orders:deliver']);
  const sessions = (await bob.get('/v1/auth/sessions')).body.items;
  const journals = (await bob.get(`/v1/customers/${bob.username}/wallet/transfers`)).body.items;
  const items = (await root.get('/v1/moderation/queue?limit=5')).body.items;
  const names = [bob.username, sue.username, eve.username];
  const bearer = (person: { token: string }) => ({ authorization: `Bearer ${person.token}` });
  return {
    victim: bearer(eve),
    credentials: [bearer(bob), bearer(sue), bearer(root), bearer(root), { 'x-api-key': key.key }],
    params: {
      products: [shade, draft.id],
      orders: [order.id],
      reviews: [review.id],
      users: [eve.id, eve.id, eve.id, bob.id, sue.id],
      customers: names,
      sessions: sessions.map(({ id }: { id: string }) => id),
      journals: journals.map(({ journalId }: { journalId: string }) => journalId),
      moderation: [...items.map(({ id }: { id: string }) => id), shade],
      'api-keys': [key.id],
      goods: [`Lamp ${number}`, 'Lamp'],
      social: ['google', 'facebook'],
      'dead-letters': [order.id],
    },
    known: {
      productId: [shade, draft.id],
      variantId: [product.variants[0].id],
      good: [`Lamp ${number}`],
      username: names,
      seller: names,
      buyer: names,
      password: [PASSWORD],
      currentPassword: [PASSWORD],
      category: ['electronics', 'food'],
      gateway: ['simulated'],
      source: ['4242424242424242'],
      currency: ['USD'],
      amount: [1, 100, 1_000],
      quantity: [1, 2],
      stock: [1, 5],
      scopes: [['orders:deliver']],
      options: [{ color: 'red' }],
      roles: [[]],
    },
  };
}
