import { hearer, keeper, type Service } from './topology.ts';

/** The database role of a service. */
export const roleOf = ({ name }: Pick<Service, 'name'>): string => `souk_${name}`;

/** Tables of the kernel in which each row belongs to a module, and how the module is read from it. */
const SHARED: Readonly<Record<string, { owner: string; may: string }>> = {
  outbox: { owner: "split_part(name, '.', 1)", may: 'select, insert, delete, update (sent_at)' },
  consumed: { owner: "split_part(subscription, '/', 1)", may: 'select, insert' },
  standings: { owner: 'module', may: 'select, insert, update' },
  fixtures: { owner: 'module', may: 'select, insert' },
  calls: { owner: 'module', may: 'select, insert' },
  timers: { owner: "split_part(name, '.', 1)", may: 'select, insert, update' },
  dead_letters: { owner: "split_part(split_part(queue, '/', 1), '.', 1)", may: 'select, insert, delete' },
};

/** Who keeps the kernel also answers for the audit trail and the dead letters of all, and drops what is old. */
const KEEPER = `
grant select, delete on kernel.audit to ROLE;
grant delete on kernel.consumed, kernel.calls to ROLE;
create policy ROLE_keeps on kernel.consumed to ROLE using (true);
create policy ROLE_keeps on kernel.calls to ROLE using (true);
create policy ROLE_keeps on kernel.dead_letters to ROLE using (true);`;

/**
 * SQL that makes a role for each service, which can touch the schemas of its own modules only. Of the kernel's tables it sees and changes
 * the rows of its own modules, appends to the audit trail, and reads the migrations. It may run again after every migration, by the
 * owner of the tables. The roles have no password and cannot sign in yet.
 *
 * @param hasBroker without one, events and jobs of all travel through the schema of pg-boss, and every service needs all of that.
 */
export const rolesSql = (services: readonly Service[], modules: readonly string[], hasBroker: boolean): string =>
  [
    ...Object.keys(SHARED).map((table) => `alter table kernel.${table} enable row level security;`),
    'alter table kernel.subscriptions enable row level security;',
    ...services.map((service) => roleSql(service, modules, hasBroker)),
  ].join('\n');

function roleSql(service: Service, modules: readonly string[], hasBroker: boolean): string {
  const role = roleOf(service);
  const own = `array[${[...service.modules, ...(service === keeper ? ['kernel'] : [])].map((name) => `'${name}'`).join(', ')}]`;
  const owns = (owner: string) => `${owner} = any (${own})`;
  return [
    `\n-- ${service.name}: ${service.modules.join(', ')}`,
    `do $$ begin create role ${role} nologin; exception when duplicate_object or unique_violation then null; end $$;`,
    // A pooler drops what a connection says of itself when it begins.
    `alter role ${role} set statement_timeout = '15s'; alter role ${role} set lock_timeout = '5s'; alter role ${role} set idle_in_transaction_session_timeout = '20s';`,
    ...['kernel', ...modules].map((schema) => nothingOf(schema, role)),
    inPgBoss(nothingOf('pgboss', role)),
    ...service.modules.filter((name) => modules.includes(name)).map((schema) => wholeOf(schema, role)),
    `grant usage on schema kernel to ${role};`,
    `grant select on kernel.migrations, kernel.master_keys to ${role};`,
    `grant insert on kernel.audit to ${role};`,
    `grant select, insert on kernel.subscriptions to ${role};`,
    ...policy('subscriptions', `${role}_reads`, role, 'for select', 'using (true)'),
    ...policy('subscriptions', role, role, 'for insert', `with check (${owns("split_part(queue, '/', 1)")})`),
    ...Object.entries(SHARED).flatMap(([table, { owner, may }]) => [
      `grant ${may} on kernel.${table} to ${role};`,
      ...policy(table, role, role, '', `using (${owns(owner)}) with check (${owns(owner)})`),
    ]),
    ...['calls', 'consumed', 'dead_letters'].map((table) => `drop policy if exists ${role}_keeps on kernel.${table};`),
    ...(service === keeper ? [KEEPER.replaceAll('ROLE', role).trim()] : []),
    `revoke all on kernel.event_log from ${role};`,
    ...(service === hearer ? [`grant select, delete on kernel.event_log to ${role};`] : []),
    ...(service === keeper ? [`grant select, delete on kernel.event_log to ${role};`] : []),
    ...(hasBroker ? [] : [inPgBoss(wholeOf('pgboss', role))]),
  ].join('\n');
}

/** All that a module's SQL does with its schema: rows, never tables. Tables that come later are included. */
const wholeOf = (schema: string, role: string): string =>
  [
    `grant usage on schema ${schema} to ${role};`,
    `grant select, insert, update, delete on all tables in schema ${schema} to ${role};`,
    `grant usage, select on all sequences in schema ${schema} to ${role};`,
    `alter default privileges in schema ${schema} grant select, insert, update, delete on tables to ${role};`,
    `alter default privileges in schema ${schema} grant usage, select on sequences to ${role};`,
  ].join(' ');

/** Takes back what an earlier run gave, when a module lived in another service, or there was no broker. */
const nothingOf = (schema: string, role: string): string =>
  [
    `revoke all on all tables in schema ${schema} from ${role};`,
    `revoke all on all sequences in schema ${schema} from ${role};`,
    `alter default privileges in schema ${schema} revoke all on tables from ${role};`,
    `alter default privileges in schema ${schema} revoke all on sequences from ${role};`,
    `revoke all on schema ${schema} from ${role};`,
  ].join(' ');

/** The schema of pg-boss is there where it has ever run. */
const inPgBoss = (statements: string): string => `do $$ begin if to_regnamespace('pgboss') is not null then ${statements} end if; end $$;`;

const policy = (table: string, name: string, role: string, what: string, rule: string): string[] => [
  `drop policy if exists ${name} on kernel.${table};`,
  `create policy ${name} on kernel.${table} ${what} to ${role} ${rule};`,
];
