import { join, raw, type Sql, sql } from './database.ts';

/** Several inserts as one statement, which fails as a whole. The last one is its result. */
export function oneStatement(inserts: readonly Sql[]): Sql {
  const [last, ...others] = [...inserts].reverse();
  if (!last) return sql`select 1`;
  return others.length > 0
    ? sql`with ${join(others.map((insert, index) => sql`beside_${raw(String(index))} as (${insert})`))} ${last}`
    : last;
}
