import pg from 'pg';
import type { Sql } from '../src/kernel/database.ts';
import { closeAtEnd } from './closing.ts';
import type { World } from './world.ts';

/** How PostgreSQL would carry a statement out: for its values, and once for all values, as a prepared statement is after a while. */
export type PlansOf = (statement: Sql) => Promise<[custom: string, generic: string]>;

/** A connection past Souk, to fill the database of a world and to ask for plans. It closes when the test file ends. */
export async function openPlans({ databaseUrl }: Pick<World, 'databaseUrl'>): Promise<{ client: pg.Client; plansOf: PlansOf }> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  closeAtEnd(() => client.end());
  const planned = async (explain: string, values: unknown[] = []): Promise<string> =>
    (await client.query(explain, values)).rows.map((row) => row['QUERY PLAN']).join('\n');
  return {
    client,
    plansOf: async ({ text, values }) => [await planned(`explain ${text}`, values), await planned(`explain (generic_plan) ${text}`)],
  };
}
