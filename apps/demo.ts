import type { Composition } from '#kernel/compose.ts';
import { sql } from '#kernel/database.ts';
import type { Demo, Post } from '#kernel/fixtures.ts';
import { derivedId } from '#kernel/ids.ts';
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

/** A process with some of the modules loads no demo: it takes all of them. */
export const hasDemo = (settings: Settings): boolean => settings.demo && settings.modules === undefined;

/** Demo accounts, and then the demo data of each module that has not loaded them yet, through the API. */
export async function loadDemo(souk: Composition, say: (line: string) => void): Promise<void> {
  const db = souk.pool.handle('kernel');
  const loaded = new Set((await db.many<{ module: string }>(sql`select module from kernel.fixtures`)).map(({ module }) => module));
  const missing = souk.runtime.modules.filter(({ name, fixtures }) => fixtures && !loaded.has(name));
  if (missing.length === 0) return;
  say('Loading demo data …');
  for (const person of PEOPLE) await ensurePerson(souk, person);
  const demo: Demo = { as: (username) => signIn(souk, username) };
  for (const { name, fixtures } of missing) {
    await fixtures?.(demo);
    await db.execute(sql`insert into kernel.fixtures (module) values (${name}) on conflict do nothing`);
  }
}

async function ensurePerson(souk: Composition, { username, fullName, roles }: (typeof PEOPLE)[number]): Promise<void> {
  const ask = (operation: string, input: object) => souk.runtime.ask('kernel', 'identity', operation, input, systemScope);
  const account = { username, fullName, password: DEMO_PASSWORD, email: `${username}@demo.souk.example` };
  const { id } = (await ask('ensureAccount', account)) as { id: string };
  if (roles.length > 0) await ask('grantRoles', { accountId: id, roles });
}

async function signIn(souk: Composition, username: string): Promise<Post> {
  const { accessToken } = (await send(souk, '/v1/auth/sign-in', { username, password: DEMO_PASSWORD })) as { accessToken: string };
  return async (path, body) => {
    const key = derivedId('demo', username, path, JSON.stringify(body));
    return (await send(souk, path, body, { authorization: `Bearer ${accessToken}`, 'idempotency-key': key })) as { id: string };
  };
}

async function send(souk: Composition, path: string, body: object, headers: Record<string, string> = {}): Promise<unknown> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
  const reply = await souk.fetch(new Request(`http://demo.souk${path}`, init));
  if (!reply.ok) throw new Error(`Demo data could not be loaded: POST ${path} answered ${await reply.text()}`);
  return reply.json();
}
