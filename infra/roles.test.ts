import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grantServiceRoles } from '../apps/service-roles.ts';
import { modules } from '../src/modules/index.ts';
import { ROLE_PASSWORD } from '../test/whole.ts';
import { type World, world } from '../test/world.ts';
import { roleOf } from './roles.ts';
import { hearer, keeper, services } from './topology.ts';

/** What a service may do with tables of the kernel, and with no others that are not its own. */
const KERNEL: Record<string, string[]> = {
  audit: ['INSERT'],
  calls: ['INSERT', 'SELECT'],
  consumed: ['INSERT', 'SELECT'],
  dead_letters: ['DELETE', 'INSERT', 'SELECT'],
  fixtures: ['INSERT', 'SELECT'],
  master_keys: ['SELECT'],
  migrations: ['SELECT'],
  outbox: ['DELETE', 'INSERT', 'SELECT'],
  standings: ['INSERT', 'SELECT', 'UPDATE'],
  subscriptions: ['INSERT', 'SELECT'],
  timers: ['INSERT', 'SELECT', 'UPDATE'],
};

let w: World;
beforeAll(async () => {
  w = await world();
  const passwords = Object.fromEntries(services.map(({ name }) => [name, ROLE_PASSWORD]));
  for (const _ of [1, 2]) await grantServiceRoles(w.databaseUrl, modules, { passwords, hasBroker: true }); // again after a migration
});

/** Grants that no service needs, in words. */
async function tooWide(): Promise<string[]> {
  const rows = await w.sql<{ grantee: string; schema: string; name: string; privilege: string }>(
    `
    select grantee, table_schema as schema, table_name as name, privilege_type as privilege from information_schema.role_table_grants
    where grantee = any ($1)`,
    [services.map(roleOf)],
  );
  return rows
    .filter(({ grantee, schema, name, privilege }) => {
      const service = services.find((one) => roleOf(one) === grantee)!;
      if (service.modules.includes(schema)) return !['SELECT', 'INSERT', 'UPDATE', 'DELETE'].includes(privilege);
      const kept = service === keeper ? { audit: ['SELECT', 'DELETE'], calls: ['DELETE'], consumed: ['DELETE'] }[name] : undefined;
      if (name === 'event_log' && (service === hearer || service === keeper)) return !['SELECT', 'DELETE'].includes(privilege);
      return schema !== 'kernel' || ![...(KERNEL[name] ?? []), ...(kept ?? [])].includes(privilege);
    })
    .map(({ grantee, schema, name, privilege }) => `${grantee} may ${privilege} ${schema}.${name}`);
}

test('no service holds a right on tables of another one, and a right that is too wide is noticed', async () => {
  expect(await tooWide()).toEqual([]);
  await w.sql('grant select on wallet.accounts to souk_sales');
  await w.sql('grant update on kernel.audit to souk_reviews');
  expect((await tooWide()).sort()).toEqual(['souk_reviews may UPDATE kernel.audit', 'souk_sales may SELECT wallet.accounts']);
  await grantServiceRoles(w.databaseUrl, modules, { passwords: {}, hasBroker: true });
  expect(await tooWide()).toEqual([]);
});

test('what a service got while there was no broker, or held another module, is taken back', async () => {
  await grantServiceRoles(w.databaseUrl, modules, { passwords: {}, hasBroker: false });
  expect((await tooWide()).filter((grant) => grant.includes('pgboss.'))).not.toEqual([]);
  await w.sql('grant usage on schema wallet to souk_sales');
  await w.sql('alter default privileges in schema wallet grant select on tables to souk_sales');

  await grantServiceRoles(w.databaseUrl, modules, { passwords: {}, hasBroker: true });
  await w.sql('create table wallet.later (id int)');

  expect(await tooWide()).toEqual([]);
  await w.sql('drop table wallet.later');
});

test('roles are brought to a version beside processes at work: a table in use is waited for, and holds up nobody behind it', async () => {
  const busy = new pg.Client({ connectionString: w.databaseUrl });
  await busy.connect();
  await busy.query('begin; select from kernel.outbox limit 0');
  const granting = grantServiceRoles(w.databaseUrl, modules, { passwords: {}, hasBroker: true });
  await new Promise((resolve) => setTimeout(resolve, 1200)); // its first try has ended by then
  await w.sql('delete from kernel.outbox where false');
  await busy.query('commit');
  await busy.end();
  await granting;
  expect(await tooWide()).toEqual([]);
});

test('statements of every service end in time, also behind a pooler', async () => {
  const rows = await w.sql<{ settings: string[] }>('select rolconfig as settings from pg_roles where rolname = any ($1)', [
    services.map(roleOf),
  ]);
  for (const { settings } of rows)
    expect(settings).toEqual(
      expect.arrayContaining(['statement_timeout=15s', 'lock_timeout=5s', 'idle_in_transaction_session_timeout=20s']),
    );
  expect(rows).toHaveLength(services.length);
});

test('no service may make roles, schemas or databases, or pass by the rules of rows', async () => {
  const rows = await w.sql(
    'select rolname from pg_roles where rolname = any ($1) and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls)',
    [services.map(roleOf)],
  );
  expect(rows).toEqual([]);
});

describe.each(services.map((service) => [service.name, service] as const))('the role of %s', (_, service) => {
  let client: pg.Client;
  beforeAll(async () => {
    client = new pg.Client({
      connectionString: Object.assign(new URL(w.databaseUrl), { username: roleOf(service), password: ROLE_PASSWORD }).href,
    });
    await client.connect();
  });
  afterAll(() => client.end());

  const said = (text: string, values?: unknown[]): Promise<string> =>
    client.query(text, values).then(
      ({ rowCount }) => `${rowCount} rows`,
      (error: Error) => error.message,
    );
  const own = service.modules[0]!;
  const other = services.find((one) => one !== service)!.modules[0]!;
  const row = (name: string): [string, string[]] => [
    `insert into kernel.outbox (id, kind, name, payload, created_at) values (gen_random_uuid(), 'job', $1, '{}', now())`,
    [name],
  ];

  test('reads the tables of its modules, and none of others', async () => {
    const tables = await w.sql<{ schema: string; name: string }>(
      `select schemaname as schema, tablename as name from pg_tables where schemaname = any ($1)`,
      [modules.map(({ name }) => name)],
    );
    for (const { schema, name } of tables) {
      const answer = await said(`select from ${schema}.${name} limit 0`);
      expect([schema, name, answer]).toEqual([
        schema,
        name,
        service.modules.includes(schema) ? '0 rows' : `permission denied for schema ${schema}`,
      ]);
    }
  });

  test('announces what is its own, and sees nothing of what others announce', async () => {
    await w.sql('delete from kernel.outbox');
    await w.sql(...row(`${other}.something`));
    expect(await said(...row(`${own}.something`))).toBe('1 rows');
    expect(await said(...row(`${other}.something`))).toContain('violates row-level security policy');
    expect((await client.query('select distinct name from kernel.outbox')).rows).toEqual([{ name: `${own}.something` }]);
    expect(await said('delete from kernel.outbox')).toBe('1 rows');
  });

  test('appends to the audit trail, and cannot change it', async () => {
    expect(
      await said(
        `insert into kernel.audit (id, at, actor_kind, operation, outcome, status, request_id) values (gen_random_uuid(), now(), 'system', 'x', 'done', 200, 'r')`,
      ),
    ).toBe('1 rows');
    expect(await said(`update kernel.audit set outcome = 'refused'`)).toContain('permission denied');
    if (service !== keeper) expect(await said('select from kernel.audit')).toContain('permission denied');
  });

  test.each([
    'create schema another',
    'create table kernel.another (id int)',
    `insert into kernel.migrations (module, name, checksum) values ('kernel', '999_x.sql', 'x')`,
    `insert into kernel.master_keys (name, fingerprint, makes_indexes) values ('x', 'x', false)`,
    'alter table kernel.outbox disable row level security',
    'set role postgres',
  ])('may not %s', async (statement) => {
    expect(await said(statement)).toMatch(/permission denied|must be owner|does not exist/);
  });
});
