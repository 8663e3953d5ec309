import type { Module } from '../src/kernel/module.ts';
import type { World } from './world.ts';

export interface Column {
  table: string;
  column: string;
}

/** Names that speak of a person, for columns that a test has put nobody into yet. */
const ACCOUNT_NAMES =
  /(^|_)(account|user|customer|buyer|seller|owner|author|person|payer|payee|maker|provider|requester|sender|recipient|by)(_id)?$/;

/** Named like a person, and none. */
const NOBODY = new Set([
  'identity.links.provider', // an identity provider
  'social.journeys.provider',
  'kernel.timers.held_by', // a process
  'identity.sessions.ended_by', // a cause: sign-out, erasure
  'wallet.transfers.credit_account', // accounts of the ledger; their owners stand in wallet.accounts
  'wallet.transfers.debit_account',
  'wallet.rollups.account_id',
  'wallet.sealed_sums.account_id',
]);

/** Columns that no module declares although their name says that they hold an account id. */
export async function undeclaredByName(w: World): Promise<string[]> {
  const columns = await w.sql<Column>(
    `select format('%s.%s', table_schema, table_name) as table, column_name as column from information_schema.columns
     where table_schema not in ('pg_catalog', 'information_schema', 'pgboss', 'public', 'told') and data_type in ('uuid', 'text', 'ARRAY')
     order by 1, 2`,
  );
  if (columns.length < 100) throw new Error(`The check saw ${columns.length} columns only.`);
  return undeclared(
    w,
    columns.filter(({ table, column }) => ACCOUNT_NAMES.test(column) && !NOBODY.has(`${table}.${column}`)),
  );
}

/** Columns that no module declares although one of these texts stands in them. */
export async function undeclaredByContent(w: World, texts: readonly string[]): Promise<string[]> {
  const tables = await w.sql<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema', 'pgboss', 'told') and table_type = 'BASE TABLE' order by 1`,
  );
  const found = new Map<string, Column>();
  for (const { name: table } of tables) {
    for (const { row } of await w.sql<{ row: Record<string, unknown> }>(`select to_jsonb(t) as row from ${table} t`)) {
      for (const [column, value] of Object.entries(row)) {
        const text = JSON.stringify(value).toLowerCase();
        if (texts.some((each) => text.includes(each.toLowerCase()))) found.set(`${table}.${column}`, { table, column });
      }
    }
  }
  if (found.size < 10) throw new Error(`The check found ${found.size} columns only.`);
  return undeclared(w, [...found.values()]);
}

function undeclared(w: World, columns: readonly Column[]): string[] {
  const declared = new Set(
    w.souk.runtime.modules.flatMap(({ tables }) =>
      Object.entries(tables).flatMap(([table, columns]) => Object.keys(columns).map((column) => `${table}.${column}`)),
    ),
  );
  return columns.map(({ table, column }) => `${table}.${column}`).filter((name) => !declared.has(name));
}

/** Modules that say that something of an account is erased and declare nothing that erases it. */
export const forgetsNothing = (modules: readonly Module[]): string[] =>
  modules
    .filter(({ tables }) =>
      Object.values(tables).some((columns) => Object.values(columns).some(({ afterErasure }) => afterErasure === 'erased')),
    )
    .filter(({ name, life }) => name !== 'kernel' && !life?.forget)
    .map(({ name }) => name);
