import { afterAll, expect, test } from 'vitest';
import { seconds } from '#kernel/clock.ts';
import { modules } from '../src/modules/index.ts';
import { PASSWORD, usd } from './people.ts';
import { openRoom, startServer } from './real-server.ts';
import { world } from './world.ts';

const INTERNAL_SECRET = 'a secret between the services of a test';
const room = openRoom('leaving');
const elsewhere = modules.map(({ contract }) => contract.name).filter((name) => name !== 'customers');

afterAll(() => room.clear());

/** Customers in one process, all that they ask in another: every step goes over the wire and commits there by itself. */
test('who leaves is erased though nothing can be one transaction, also when the other process dies on the way', async () => {
  const w = await world();
  const common = { DATABASE_URL: w.databaseUrl, INTERNAL_SECRET, SECRET_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}` };
  const other = await startServer(room.path, {
    ...common,
    LOG_LEVEL: 'warn',
    MODULES: elsewhere.join(','),
  });
  const urls = Object.fromEntries(elsewhere.map((name) => [`${name.toUpperCase()}_SERVICE_URL`, other.url]));
  const apart = await w.sibling({ MODULES: 'customers', INTERNAL_SECRET, TRUST_PROXY: 'on', ...urls });
  const stateOf = async (id: string) =>
    (await w.sql<{ state: string }>('select state from identity.accounts where id = $1', [id]))[0]?.state;
  const [bob, sue, pia] = [await w.person('bob'), await w.buyer('sue', { balance: usd(5_00) }), await w.person('pia')];
  const there = (person: typeof bob) => apart.withToken(person, person.token);

  for (const address of ['203.0.113.1', '203.0.113.2']) {
    const changes = { email: `pia@${address}.example.com`, currentPassword: PASSWORD };
    expect((await there(pia).patch('/v1/customers/pia', changes, { 'x-forwarded-for': address })).status).toBe(200);
  }
  expect(await w.sql('select failures from identity.attempts')).toEqual([{ failures: 1 }, { failures: 1 }]); // codes sent: the caller is counted, not the process that asks

  expect((await there(bob).get('/v1/customers/bob/export')).body).toMatchObject({ customer: { id: bob.id }, flags: [], apiKeys: [] });
  expect((await there(bob).delete('/v1/customers/bob')).status).toBe(204);
  expect(await stateOf(bob.id)).toBe('erased');
  expect(await there(sue).delete('/v1/customers/sue')).toBeProblem(409, 'customers/still-open');

  await w.sql(`insert into customers.closures (account_id, state, lease_until, begun_at) values ($1, 'closing', $2, $2)`, [
    pia.id,
    w.clock.now(),
  ]);
  await other.kill();
  w.clock.advance(seconds(1));
  await apart.souk.step(); // nobody answers: it is tried again
  expect(await stateOf(pia.id)).toBe('active');
  w.clock.advance(seconds(60));
  await w.souk.step(); // a process that has them all
  expect(await stateOf(pia.id)).toBe('erased');
}, 60_000);
