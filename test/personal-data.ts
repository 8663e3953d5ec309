import type { Module } from '../src/kernel/module.ts';
import { undeclaredColumns } from '../src/kernel/tables.ts';
import type { World } from './world.ts';

export interface Column {
  table: string;
  column: string;
}

/** Columns that no module declares although their name says that they hold an account id. `more`: schemas of modules that are not there. */
export const undeclaredByName = (w: World, more: readonly string[] = []): Promise<string[]> =>
  undeclaredColumns(w.souk.pool.handle('kernel'), [...w.souk.runtime.modules, ...more.map((name) => ({ name, tables: {} }))]);

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
      Object.entries(tables).flatMap(([table, columns]) =>
        Object.entries(columns).flatMap(([column, { holds }]) => (holds === 'nobody' ? [] : [`${table}.${column}`])),
      ),
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
