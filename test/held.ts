import pg from 'pg';
import { expect } from 'vitest';
import type { World } from './world.ts';

/**
 * Starts calls while a statement holds its locks. When as many of their sessions wait as said, it does what happens meanwhile, lets
 * them go on, and answers what they answered.
 */
export async function whileHeld<Answer>(
  w: World,
  hold: { by: string; waiting: number },
  calls: () => Promise<Answer>,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<Answer> {
  const client = new pg.Client({ connectionString: w.databaseUrl });
  await client.connect();
  await client.query('begin');
  await client.query(hold.by);
  const answer = calls();
  const waiting = () => w.sql("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
  await expect.poll(async () => (await waiting()).length, { timeout: 5000, interval: 20 }).toBe(hold.waiting);
  await meanwhile();
  await client.query('commit');
  await client.end();
  return answer;
}
