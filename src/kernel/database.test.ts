import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type World, world } from '../../test/world.ts';
import { type DatabasePool, openPool, raw, sql } from './database.ts';

let w: World;
let pool: DatabasePool;

beforeAll(async () => {
  w = await world();
  pool = openPool({ url: w.databaseUrl, connections: 2, prepared: true });
  await w.sql('create schema lamps create table lamps (id int primary key)');
});

afterAll(() => pool.end());

const ids = async () => (await w.sql<{ id: number }>('select id from lamps.lamps order by id')).map(({ id }) => id);

describe('a handle on the database', () => {
  test('gives one row only where there is one, and of several the first only where there may be none', async () => {
    const db = pool.handle('lamps');
    await expect(db.one(sql`select 1 where false`)).rejects.toThrow('Expected one row, got 0');
    await expect(db.one(sql`select generate_series(1, 2)`)).rejects.toThrow('Expected one row, got 2');
    expect(await db.maybe(sql`select 1 as one where false`)).toBeUndefined();
    expect(await db.maybe(sql`select generate_series(1, 2) as n`)).toEqual({ n: 1 });
  });

  test('gives whole numbers as they are, and none that JavaScript cannot hold', async () => {
    const db = pool.handle('lamps');
    expect(await db.one(sql`select 9007199254740991::bigint as most, (-9007199254740991)::bigint as least`)).toEqual({
      most: Number.MAX_SAFE_INTEGER,
      least: Number.MIN_SAFE_INTEGER,
    });
    await expect(db.one(sql`select 9007199254740992::bigint`)).rejects.toThrow('beyond 2^53-1: 9007199254740992');
  });

  test('counts the rows that a statement changed', async () => {
    expect(await pool.handle('lamps').execute(sql`insert into lamps.lamps values (1), (2)`)).toBe(2);
    expect(await pool.handle('lamps').execute(sql`delete from lamps.lamps`)).toBe(2);
    expect(await pool.handle('lamps').execute(sql`delete from lamps.lamps`)).toBe(0);
  });

  test('commits a transaction as a whole, and undoes it as a whole', async () => {
    const db = pool.handle('lamps');
    const insert = (id: number) => sql`insert into lamps.lamps values (${id})`;
    const failing = db.transaction(async (tx) => {
      await tx.execute(insert(1));
      await tx.execute(insert(1));
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
    expect(await ids()).toEqual([]);
    expect(await db.transaction(async (tx) => tx.execute(insert(2)))).toBe(1);
    expect(await ids()).toEqual([2]);
  });

  test('never says that it has committed what PostgreSQL has given up, although nobody heard the failure', async () => {
    const unheard = pool.handle('lamps').transaction(async (tx) => {
      await tx.execute(sql`insert into lamps.lamps values (3)`);
      await tx.execute(raw('select 1 / 0') as never).catch(() => {});
    });
    await expect(unheard).rejects.toThrow('The transaction had failed before its commit');
    expect(await ids()).toEqual([2]);
  });
});
