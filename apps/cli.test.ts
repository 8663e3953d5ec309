import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../test/conventions.ts';
import { type Person, usd } from '../test/people.ts';
import { openRoom, SECRET_KEYS, startApp } from '../test/real-server.ts';
import { type World, world } from '../test/world.ts';

/** The command line beside a running Souk. */

const room = openRoom('cli');
let w: World;
let root: Person;

beforeAll(async () => {
  w = await world();
  root = await w.admin();
});

afterAll(() => room.clear());

async function souk(...command: string[]): Promise<{ code: number | null; said: string; printed: string }> {
  const app = startApp(room.path, { DATABASE_URL: w.databaseUrl, SECRET_KEYS, LOG_LEVEL: 'silent' }, 'cli.ts', ...command);
  const { code } = await app.ended();
  return { code, said: app.stderr().trim(), printed: app.stdout() };
}

test('help and a misspelt command load nothing of Souk: what a command needs is loaded in its action', () => {
  const source = readFileSync(join(import.meta.dirname, 'cli.ts'), 'utf8');
  const loaded = [...source.matchAll(/^import .* from '(.+)';$/gm)].map(([, from]) => from);
  expect(loaded).toEqual(['node:fs', 'commander', '../infra/topology.ts', './shell.ts']);
});

const rolesOf = async (username: string) =>
  (await w.sql<{ roles: string[] }>('select roles from identity.accounts where username = $1', [username]))[0]?.roles;

test('an operator grants roles beside those there are, shows them, and takes them; each is audited', async () => {
  const bob = await w.person('bob', ['analyst']);

  expect(await souk('grant', 'bob', 'support', 'support')).toMatchObject({ code: 0, said: 'bob has analyst, support.' });
  expect((await bob.get('/v1/auth/me')).status).toBe(401); // the token of before speaks of other roles
  expect(await souk('roles', 'BOB')).toMatchObject({ code: 0, said: 'BOB has analyst, support.' });
  expect(await souk('revoke', 'bob', 'analyst', 'support', 'finance')).toMatchObject({ code: 0, said: 'bob has no role.' });

  expect(await rolesOf('bob')).toEqual([]);
  expect(
    await w.sql("select operation, subject, outcome from kernel.audit where operation like 'souk %' order by operation"),
  ).toMatchObject([
    { operation: 'souk grant', subject: bob.id, outcome: 'done' },
    { operation: 'souk revoke', subject: bob.id, outcome: 'done' },
  ]);
});

test('a subscription that no version consumes any more is listed, and removed with what waits in it once that is confirmed', async () => {
  const queue = 'bells/orders.order-placed.v1';
  await w.sql("insert into kernel.subscriptions (event, queue) values ('orders.order-placed.v1', $1)", [queue]);
  const lamp = await root.lists({ price: usd(1_00) });
  const ann = await w.buyer('ann', { balance: usd(10_00) });
  for (const quantity of [1, 2, 3]) await ann.post('/v1/orders', { items: [{ productId: lamp, quantity }] });
  await w.souk.step();

  expect((await souk('subscriptions')).printed).toContain(
    `${queue}\n       since ${new Date().toISOString().slice(0, 10)}, 3 undelivered; this`,
  );
  const consequence = `${queue} gets no event any more, and 3 undelivered events are dropped.`;
  expect(await souk('subscriptions', 'remove', queue)).toMatchObject({
    code: 1,
    said: `Souk: ${consequence} Add --yes if that is what you want`,
  });
  expect(await souk('subscriptions', 'remove', queue, '--yes')).toMatchObject({
    code: 0,
    said: `${queue} is removed; 3 undelivered events were dropped.`,
  });

  expect(
    await w.sql('select 1 from kernel.subscriptions where queue = $1 union all select 1 from pgboss.job where name = $1', [queue]),
  ).toEqual([]);
  expect(await w.sql('select outcome from kernel.audit where subject = $1', [queue])).toEqual([{ outcome: 'done' }]);
  expect(await souk('subscriptions', 'remove', queue, '--yes')).toMatchObject({
    code: 1,
    said: expect.stringContaining('there is no subscription bells'),
  });
  const [consumed] = await w.sql<{ queue: string }>('select queue from kernel.subscriptions limit 1');
  expect(await souk('subscriptions', 'remove', consumed!.queue, '--yes')).toMatchObject({
    code: 1,
    said: expect.stringContaining('its next start would add it again'),
  });
});

test('an order is explained, from who called to what waits, in order of time', async () => {
  const sue = await w.seller('sue');
  const lamp = await sue.lists({ name: 'Desk lamp', price: usd(20_00), stock: 5 });
  const bea = await w.buyer('bea', { balance: usd(50_00) });
  const { id, items } = (await bea.post('/v1/orders', { items: [{ productId: lamp, quantity: 2 }] })).body;
  await w.step();
  const shipment = '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01';
  const at = new Date(w.clock.now().getTime() + 1000).toISOString();
  await w.ask('orders', 'follow', {
    orderId: id,
    version: 1000,
    shipments: [{ id: shipment, sellerId: sue.id, state: 'packed', carrier: null, tracking: null, deliveredAt: null, refunded: 0 }],
    refundedItems: [],
    steps: [{ id: shipment, shipmentId: shipment, state: 'packed', at, by: { kind: 'seller', id: sue.id }, note: 'In two boxes.' }],
  });
  await w.ask('inventory', 'putBack', { key: shipment, of: id, lines: [{ variantId: items[0].variantId, quantity: 1 }], reason: 'broken' });

  const { code, printed, said } = await souk('explain', 'order', id.toUpperCase());

  expect([code, said]).toEqual([0, '']);
  const told = printed.split('\n').filter((line) => /^\d{4}-/.test(line));
  expect(told.map((line) => line.slice(0, 23))).toEqual(told.map((line) => line.slice(0, 23)).sort());
  for (const text of [
    `Order ${id} of bea is packed. All times are UTC.`,
    'audit     postOrders by bea: done (200)',
    'state     placing: bea, 40.00 USD, by wallet',
    `lines 2 × Desk lamp (${items[0].variantId}) of sue`,
    'shares sue 40.00 USD, commission 2.00 USD',
    'state     placed',
    'transfer  sale: 38.00 USD from available of bea to undelivered of sue',
    `stock     taken: 2 of ${items[0].variantId}`,
    'event     inventory.levels-changed.v1 to catalog: done',
    'state     packed by seller sue',
    `shipment ${shipment}`,
    'note In two boxes.',
    `stock     put back, broken: 1 of ${items[0].variantId}`,
    'lines {"',
  ])
    expect(printed).toContain(text);
  expect(printed).not.toContain('[object Object]');
  for (const unknown of [shipment, 'lamp'])
    expect(await souk('explain', 'order', unknown)).toMatchObject({ code: 1, said: `Souk: there is no order ${unknown}` });
});

test('dead letters are listed with their reason, and put back one by one or all', async () => {
  await w.sql(
    `insert into pgboss.job (name, data, source_name, source_retry_count, source_output)
     select 'dead-letters', '{"rows": [{"id": "1", "subject": "lamp"}]}', queue, 8, '{"message": "It broke."}' from unnest(array['wallet.pay-back', 'wallet.pay-back', 'orders.give-back']) as queue`,
  );
  const { printed, said } = await souk('dead-letters', 'list', '--queue', 'orders.give-back');
  expect(printed).toMatch(/^[0-9a-f-]{36} {2}orders\.give-back\n {7}\S+Z, 9 tries: It broke.\n {7}of lamp\n$/);
  expect(said).toBe('1 of 3.');
  expect(await souk('dead-letters', 'retry', printed.slice(0, 36))).toMatchObject({ code: 0, said: 'It is in its queue again.' });
  expect(await souk('dead-letters', 'retry', printed.slice(0, 36))).toMatchObject({ code: 1 });
  expect(await souk('dead-letters', 'retry')).toMatchObject({ code: 0, said: '2 are in their queues again.' });
  expect(await souk('dead-letters')).toMatchObject({ code: 0, printed: '', said: 'There are no dead letters.' });
});

const roles = 'catalog-manager, moderator, support, finance, escrow-officer, verifier, analyst, operator, admin';

test.each<[string, string[], string | RegExp]>([
  ['a role that is not there', ['grant', 'root', 'admn'], `Souk: there is no role admn; there are ${roles}`],
  ['one wrong role among right ones', ['grant', 'root', 'support', 'Admin'], `Souk: there is no role Admin; there are ${roles}`],
  ['a role that is not there, to take', ['revoke', 'root', 'admn'], `Souk: there is no role admn; there are ${roles}`],
  ['nobody', ['grant', 'nobody', 'support'], 'Souk: there is no account nobody; sign up first'],
  ['nobody, to show', ['roles', ''], 'Souk: there is no account ; sign up first'],
  ['no role', ['grant', 'root'], "error: missing required argument 'roles'"],
  ['a command that is not there', ['grnat', 'root', 'admin'], /^error: unknown command 'grnat'/],
  ['an option that is not there', ['grant', 'root', 'support', '--force'], "error: unknown option '--force'"],
  ['a word too many', ['migrate', 'now'], /^error: too many arguments for 'migrate'/],
  [
    'a file that cannot be written',
    ['openapi', '/proc/nowhere/openapi.json'],
    'Souk: /proc/nowhere/openapi.json cannot be written (ENOENT)',
  ],
  [
    'a file that cannot be written, for settings',
    ['settings', '/proc/nowhere/s.md'],
    'Souk: /proc/nowhere/s.md cannot be written (ENOENT)',
  ],
])('%s is refused in a sentence, and nothing changes', async (_, command, sentence) => {
  const { code, said } = await souk(...command);

  expect(code).toBe(1);
  if (typeof sentence === 'string') expect(said).toBe(sentence);
  else expect(said).toMatch(sentence);
  expect(await rolesOf('root')).toEqual(['admin']);
  expect((await root.get('/v1/auth/me')).status).toBe(200);
});

test('the last active admin stays one, of two who are taken at once too, unless the operator insists', async () => {
  const mia = await w.person('mia', ['admin']);
  const taken = await Promise.all([souk('revoke', 'root', 'admin'), souk('revoke', 'mia', 'admin')]);

  expect(taken.map(({ code }) => code).sort()).toEqual([0, 1]);
  const [last, other] = taken[0]?.code === 1 ? ['root', mia.username] : [mia.username, 'root'];
  expect(taken.find(({ code }) => code === 1)?.said).toBe(
    `Souk: ${last} is the last admin. Make another account an admin first, or add --even-last-admin`,
  );
  expect([await rolesOf(last), await rolesOf(other)]).toEqual([['admin'], []]);

  expect(await souk('grant', last, 'support')).toMatchObject({ code: 0, said: `${last} has admin, support.` });
  expect(await souk('revoke', last, 'admin', '--even-last-admin')).toMatchObject({ code: 0, said: `${last} has support.` });
});

test('the page of settings has the modules of SOUK_MODULES too, and that of personal data names a column that they forgot', async () => {
  const path = join(room.path, 'hats.ts');
  writeFileSync(
    path,
    `import { contract } from '${join(ROOT, 'src/kernel/contracts.ts')}';
     import { module } from '${join(ROOT, 'src/kernel/module.ts')}';
     import { settings } from '${join(ROOT, 'src/kernel/settings-part.ts')}';
     import { z } from '${join(ROOT, 'src/kernel/zod.ts')}';
     export const hats = module({ contract: contract('hats', { operations: {} }), needs: {}, routes: [], operations: {},
       settings: settings({ HATS_SIZE: z.coerce.number().default(56).describe('of a head') }, (given) => given),
       migrations: new URL('./hats/', import.meta.url) });`,
  );
  mkdirSync(join(room.path, 'hats'));
  writeFileSync(join(room.path, 'hats/001_hats.sql'), 'create table hats.hats (id uuid primary key, owner_id uuid);');
  const app = startApp(room.path, { SOUK_MODULES: path, SECRET_KEYS, LOG_LEVEL: 'silent' }, 'cli.ts', 'settings');
  expect((await app.ended()).code, app.stderr()).toBe(0);
  expect(app.stdout()).toContain('| `HATS_SIZE` | `56` | of a head |');
  const page = startApp(
    room.path,
    { DATABASE_URL: w.databaseUrl, SOUK_MODULES: path, SECRET_KEYS, LOG_LEVEL: 'silent' },
    'cli.ts',
    'personal-data',
  );
  expect((await page.ended()).code).toBe(1);
  expect(page.stderr()).toContain('no module declares hats.hats.owner_id in its tables');
});
