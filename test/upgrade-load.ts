import { randomUUID } from 'node:crypto';
import { type Chance, chanceFrom } from './fuzz-values.ts';
import { type Call, type Person, type Reply, usd } from './people.ts';
import { arrives, type Server } from './real-server.ts';

/** What stands before the servers: it hands each call to one of those that take traffic. */
export interface Gateway {
  readonly call: Call;
  /** Calls answered so far, by server. */
  readonly answered: ReadonlyMap<Server, number>;
  /** Replies that no client should see, in words. */
  readonly faults: string[];
  to(...servers: Server[]): void;
}

export function openGateway(): Gateway {
  let open: Server[] = [];
  let turn = 0;
  const answered = new Map<Server, number>();
  const faults: string[] = [];
  const call: Call = async (path, init) => {
    const server = open[turn++ % open.length]!;
    const asked = `${init?.method ?? 'GET'} ${path}`;
    const reply = await server.call(path, init).catch((error: Error) => {
      faults.push(`${asked}: no reply (${error.cause ?? error.message})`);
      throw error;
    });
    answered.set(server, (answered.get(server) ?? 0) + 1);
    if (reply.status >= 500) faults.push(`${asked}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply;
  };
  return {
    call,
    answered,
    faults,
    to(...servers) {
      open = servers;
    },
  };
}

/** What was asked for and granted, to be found in the database afterwards. */
export interface Granted {
  orders: string[];
  charges: string[];
  accounts: string[];
  products: string[];
  reviews: string[];
}

/** People who sign up, list, look, buy, charge and review at random, one thing after the other, until they are told to stop. */
export function openShop(gateway: Gateway, shoppers: readonly Person[], seller: Person, products: string[]) {
  const granted: Granted = { orders: [], charges: [], accounts: [], products: [], reviews: [] };
  const calls: Record<string, number> = {};
  let isOpen = true;

  const note = (kind: keyof Granted, reply: Reply, ...others: number[]): void => {
    if (reply.status === 201) granted[kind].push(reply.body.id);
    else if (!others.includes(reply.status)) gateway.faults.push(`${kind}: ${reply.status} ${JSON.stringify(reply.body)}`);
  };
  const look = async (path: string): Promise<void> => {
    const reply = await gateway.call(path);
    if (reply.status !== 200) gateway.faults.push(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  };

  const buy = async (by: Person, chance: Chance): Promise<void> => {
    const items = [{ productId: chance.of(products), quantity: 1 + chance.below(3) }];
    note('orders', await by.post('/v1/orders', { items }), 409);
  };
  const charge = async (by: Person, chance: Chance): Promise<void> => note('charges', await by.charge(usd(1 + chance.below(60_00))), 409);
  const signUp = async (): Promise<void> => {
    granted.accounts.push((await arrives(gateway.call, `new-${randomUUID().slice(0, 13)}`)).id);
  };
  const list = async (_: Person, chance: Chance): Promise<void> => {
    const product = { name: `Lamp ${chance.below(1000)}`, category: 'electronics', price: usd(5_00), stock: 50 };
    const reply = await seller.post('/v1/products', product);
    note('products', reply);
    if (reply.status === 201) products.push(reply.body.id);
  };
  const review = async (by: Person, chance: Chance): Promise<void> => {
    const path = `/v1/products/${chance.of(products)}/reviews`;
    note('reviews', await by.post(path, { rating: 1 + chance.below(5), comment: 'It is as bright as the sun' }), 409);
  };
  const browse = (_: Person, chance: Chance): Promise<void> =>
    look(
      chance.of(['/v1/products?category=electronics&sort=price&limit=20', '/v1/products?q=lamp', `/v1/products/${chance.of(products)}`]),
    );
  /** Of ten times. */
  const habits = { buy: 4, charge: 1, signUp: 1, list: 1, review: 1, browse: 2 } as const;
  const doings = { buy, charge, signUp, list, review, browse };
  const names = Object.entries(habits).flatMap(([name, often]) => Array.from({ length: often }, () => name as keyof typeof habits));

  const shop = async (by: Person, chance: Chance): Promise<void> => {
    while (isOpen) {
      const name = chance.of(names);
      calls[name] = (calls[name] ?? 0) + 1;
      await doings[name](by, chance).catch((error: Error) => gateway.faults.push(`${name}: ${error.message}`));
    }
  };
  const shopping = shoppers.map((by, index) => shop(by, chanceFrom(index)));

  return {
    granted,
    calls,
    async close(): Promise<void> {
      isOpen = false;
      await Promise.all(shopping);
    },
  };
}
