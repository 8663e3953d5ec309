import { randomUUID } from 'node:crypto';
import type { Composition } from '#kernel/compose.ts';
import { systemScope } from '#kernel/runtime.ts';
import type { Settings } from '#kernel/settings.ts';

export const DEMO_PASSWORD = 'souk-demo';

const PEOPLE = [
  { username: 'bob', fullName: 'Bob Buyer', roles: [], what: 'buys; has 1,000 USD and 500 TND in the wallet' },
  { username: 'sue', fullName: 'Sue Seller', roles: [], what: 'sells earrings and shirts' },
  { username: 'admin', fullName: 'Amina Admin', roles: ['admin'], what: 'staff: approves products, reads the audit trail and the ledger' },
  { username: 'paul', fullName: 'Paul Provider', roles: [], what: 'an account without products or money' },
];

/** What the start page and the reference say of the demo. */
export const demoAccounts = {
  accounts: PEOPLE.map(({ username, what }) => ({ username, what })),
  password: DEMO_PASSWORD,
};

const usd = (amount: number) => ({ amount, currency: 'USD' });

const GOODS = [
  {
    name: 'Lamp',
    category: 'electronics',
    type: 'lighting',
    brand: 'Luma',
    description: 'A desk lamp that is kind to your eyes.',
    price: usd(20_00),
    stock: 50,
  },
  {
    name: 'Coffee beans',
    category: 'food',
    type: 'coffee',
    brand: 'Sidi',
    description: 'One kilo, roasted on Monday.',
    price: usd(18_50),
    stock: 200,
  },
  {
    name: 'Olive oil',
    category: 'food',
    type: 'oil',
    brand: 'Sfax',
    description: 'Cold pressed, from Tunisia.',
    price: { amount: 32_500, currency: 'TND' },
    stock: 120,
  },
  {
    name: 'Phone',
    category: 'phone',
    type: 'smartphone',
    brand: 'Nour',
    description: 'Six inches, two days of battery.',
    variants: [
      { sku: 'NOUR-64-BLACK', options: { color: 'black', storage: '64 GB' }, price: usd(299_00), stock: 12 },
      { sku: 'NOUR-128-BLUE', options: { color: 'blue', storage: '128 GB' }, price: usd(349_00), stock: 7 },
    ],
  },
];

const SUES = [
  {
    name: 'Silver earrings',
    category: 'accessories',
    type: 'jewellery',
    brand: 'Sue',
    description: 'Made by hand in Djerba.',
    price: usd(45_00),
    stock: 9,
  },
  {
    name: 'Linen shirt',
    category: 'clothes',
    type: 'shirt',
    brand: 'Sue',
    description: 'Washed linen.',
    variants: ['S', 'M', 'L'].map((size) => ({ options: { size }, price: usd(39_00), stock: 15 })),
  },
];

/** A process with some of the modules loads no demo: it takes all of them. */
export const hasDemo = (settings: Settings): boolean => settings.demo && settings.modules === undefined;

/** Demo people and goods, through the front door wherever there is one. Loaded once: on a database that has them it does nothing. */
export async function loadDemo(souk: Composition, say: (line: string) => void): Promise<void> {
  if (await souk.runtime.ask('kernel', 'identity', 'findAccount', { username: 'paul' }, systemScope)) return;
  say('Loading demo data …');
  for (const { roles, what: _, ...person } of PEOPLE) {
    const account = { ...person, password: DEMO_PASSWORD, email: `${person.username}@demo.souk.example` };
    const { id } = (await souk.runtime.ask('kernel', 'identity', 'ensureAccount', account, systemScope)) as { id: string };
    if (roles.length > 0) await souk.runtime.ask('kernel', 'identity', 'grantRoles', { accountId: id, roles }, systemScope);
  }
  const admin = await signIn(souk, 'admin');
  const sue = await signIn(souk, 'sue');
  const bob = await signIn(souk, 'bob');
  for (const good of GOODS) await admin('/v1/products', good);
  for (const good of SUES) {
    const { id } = await sue('/v1/products', good);
    await sue(`/v1/products/${id}/submit`, {});
    await admin(`/v1/products/${id}/approve`, {});
  }
  for (const money of [usd(1_000_00), { amount: 500_000, currency: 'TND' }]) {
    await bob('/v1/customers/bob/wallet/charge', { ...money, gateway: 'simulated', source: '4242424242424242' });
  }
}

type Post = (path: string, body: unknown) => Promise<{ id: string; accessToken: string }>;

const poster =
  (souk: Composition, token?: string): Post =>
  async (path, body) => {
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    };
    const reply = await souk.fetch(new Request(`http://demo.souk${path}`, { method: 'POST', headers, body: JSON.stringify(body) }));
    if (!reply.ok) throw new Error(`Demo data could not be loaded: POST ${path} answered ${await reply.text()}`);
    return (await reply.json()) as { id: string; accessToken: string };
  };

async function signIn(souk: Composition, username: string): Promise<Post> {
  const { accessToken } = await poster(souk)('/v1/auth/sign-in', { username, password: DEMO_PASSWORD });
  return poster(souk, accessToken);
}
