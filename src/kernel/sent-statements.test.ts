import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openSilentLine, type SilentLine } from '../../test/silent-line.ts';
import { type World, world } from '../../test/world.ts';
import { type DatabasePool, openPool, sql, type Transaction, violates } from './database.ts';
import { emitLeft, event, leaving } from './events.ts';
import { outboxInsert } from './outbox.ts';

/** Statements of a transaction that wait for no answer. */

let w: World;
let line: SilentLine;
let pool: DatabasePool;

beforeAll(async () => {
  w = await world();
  line = await openSilentLine(w.databaseUrl);
  pool = openPool({ url: line.url, connections: 2, prepared: true });
  await w.sql('create schema lamps create table lamps (id int primary key, watts int constraint bright check (watts > 0))');
});

afterAll(async () => {
  await pool.end();
  await line.close();
});

const lamps = async () => (await w.sql<{ id: number }>('select id from lamps.lamps order by id')).map(({ id }) => id);
const insert = (id: number, watts = 10) => sql`insert into lamps.lamps values (${id}, ${watts})`;
const inOne = <T>(work: (tx: Transaction) => Promise<T>) => pool.handle('lamps').transaction(work);
const tooDark = (error: unknown) => (violates(error, 'bright') ? new Error('too dark') : error);

describe('statements that are sent', () => {
  test('take effect with their commit, although no answer has come', async () => {
    await inOne(async (tx) => tx.send(insert(1)));
    const goOn = line.fallSilent();
    const told = inOne(async (tx) => {
      tx.send(insert(2));
      tx.send(insert(3));
      return 'done';
    });
    await expect.poll(lamps).toEqual([1, 2, 3]);
    goOn();
    expect(await told).toBe('done');
  });

  test('fail together with the first that fails, for the reason that it gives', async () => {
    const refused = inOne(async (tx) => {
      tx.send(insert(10));
      tx.send(insert(11, -1), tooDark);
      tx.send(insert(1), () => new Error('never asked'));
    });
    await expect(refused).rejects.toThrow('too dark');
    expect(await lamps()).toEqual([1, 2, 3]);
  });

  test('say why a statement behind them is refused', async () => {
    const refused = inOne(async (tx) => {
      tx.send(insert(20, -1), tooDark);
      return tx.one(sql`select 1 as one`);
    });
    await expect(refused).rejects.toThrow('too dark');
  });

  test('are undone where the work behind them fails, and their own failure harms nobody', async () => {
    const work = inOne(async (tx) => {
      tx.send(insert(30));
      tx.send(insert(31, -1));
      throw new Error('changed its mind');
    });
    await expect(work).rejects.toThrow('changed its mind');
    expect(await lamps()).toEqual([1, 2, 3]);
  });

  test('leave the connection as good as new, and nothing in it', async () => {
    const [{ pid }] = (await pool.raw('select pg_backend_pid() as pid')).rows as [{ pid: number }];
    await inOne(async (tx) => tx.send(insert(1))).catch(() => {});
    expect((await pool.raw("select pg_backend_pid() as pid, current_setting('souk.left_watts', true) as rest")).rows).toEqual([
      { pid, rest: null },
    ]);
  });
});

test('an event tells what a statement left for it, in the transaction that nobody waits in', async () => {
  const changed = event('lamps.changed', 1, z.object({ watts: z.array(z.int()) }));
  await w.sql("insert into kernel.subscriptions (event, queue) values ('lamps.changed.v1', 'test/lamps') on conflict do nothing");
  const at = new Date();
  const told = pool.handle('lamps', (pending) => ({ statements: [outboxInsert(pending, at, [])], committed: () => {} }));
  await told.transaction(async (tx) => {
    tx.send(sql`
      with lit as (insert into lamps.lamps values (40, 7), (41, 8) returning watts)
      select ${leaving('watts', sql`select jsonb_build_object('watts', jsonb_agg(watts order by watts)) from lit`)}`);
    emitLeft(tx, changed, 'lamp', 'watts');
  });
  expect(await w.sql("select subject, payload from kernel.outbox where name = 'lamps.changed.v1'")).toEqual([
    { subject: 'lamp', payload: { watts: [7, 8] } },
  ]);
});

test('two statements of one transaction that leave in the same place are refused: both events would tell of the second', async () => {
  const changed = event('lamps.changed', 1, z.object({ watts: z.array(z.int()) }));
  const twice = inOne(async (tx) => {
    for (const id of [50, 51]) {
      tx.send(
        sql`with lit as (insert into lamps.lamps values (${id}, 9) returning watts) select ${leaving('watts', sql`select jsonb_build_object('watts', jsonb_agg(watts)) from lit`)}`,
      );
      emitLeft(tx, changed, 'lamp', 'watts');
    }
  });
  await expect(twice).rejects.toThrow('leave watts');
  expect(await w.sql('select from lamps.lamps where id >= 50')).toEqual([]);
});
