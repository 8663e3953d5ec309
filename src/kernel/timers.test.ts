import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readableLog } from '../../test/readable-log.ts';
import { openRoom, type Server, startServer } from '../../test/real-server.ts';
import { ask, atWork, workshop } from '../../test/workshop.ts';
import { world } from '../../test/world.ts';
import { modules } from '../modules/index.ts';
import { emit, event, on, timer } from './events.ts';
import { newId } from './ids.ts';

describe('a timer', () => {
  test('that fails is logged and counted, and its next turn comes', async () => {
    const { log, lines } = readableLog();
    let turns = 0;
    const failing = timer('workshop.sweep', 500, async () => {
      turns++;
      throw new Error('no broom');
    });
    const w = await atWork(await world({ modules: [...modules, workshop({ timers: [failing] })], log }));
    await expect.poll(() => turns, { timeout: 8000 }).toBeGreaterThan(1);
    await expect.poll(() => lines().filter(({ timer: name }) => name === 'workshop.sweep').length).toBeGreaterThan(1);
    expect((await w.get('/metrics')).body).toMatch(/souk_timer_turns_total\{outcome="failed",name="workshop.sweep"\} [1-9]/);
  });

  test('runs in one process at a time, and turns that it missed do not pile up', async () => {
    let now = 0;
    let most = 0;
    let turns = 0;
    const slow = timer('workshop.long', 100, async () => {
      turns++;
      most = Math.max(most, ++now);
      await sleep(2500);
      now--;
    });
    const parts = [...modules, workshop({ timers: [slow] })];
    const w = await atWork(await world({ modules: parts }));
    await atWork(await w.sibling());
    await expect.poll(() => turns, { timeout: 12_000 }).toBe(2);
    expect(most).toBe(1);
    expect(await w.sql("select 1 from kernel.timers where name = 'workshop.long'")).toHaveLength(1);
  });

  test('of two processes fires once an interval, and when the one that runs it is killed the other takes over', async () => {
    const [w, room] = [await world(), openRoom('timers')];
    const env = {
      DATABASE_URL: w.databaseUrl,
      SOUK_MODULES: join(import.meta.dirname, '../../test/ticking-module.ts'),
      SOUK_DATA: room.path,
      LOG_LEVEL: 'info',
    };
    const servers = await Promise.all([startServer(room.path, env), startServer(room.path, env)]);
    try {
      const told = (server: Server, word: 'tick' | 'began'): number[] =>
        [...server.stdout().matchAll(new RegExp(`"${word}":(\\d+)`, 'g'))].map(([, at]) => Number(at));
      const ticks = () => servers.flatMap((server) => told(server, 'tick')).sort((a, b) => a - b);
      await expect.poll(() => ticks().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
      const gaps = ticks()
        .slice(1)
        .map((at, index) => at - (ticks()[index] as number));
      expect(Math.min(...gaps)).toBeGreaterThan(1400);

      const runs = servers.map((server) => told(server, 'began').length);
      expect(runs.toSorted()).toEqual([0, 1]);
      const [runner, other] = runs[0] === 1 ? servers : servers.toReversed();
      await runner?.kill();
      await expect.poll(() => told(other as Server, 'began').length, { timeout: 20_000 }).toBe(1);
      const before = ticks().length;
      await expect.poll(() => ticks().length, { timeout: 10_000 }).toBeGreaterThan(before);
    } finally {
      await Promise.all(servers.map((server) => server.kill()));
      room.clear();
    }
  });
});

test('housekeeping drops more in one turn than one statement does, and the audit trail after its days', async () => {
  const w = await world({ env: { AUDIT_DAYS: '30' } });
  const audited = (days: number, name: string) =>
    w.sql(
      `insert into kernel.audit (id, at, actor_kind, operation, outcome, status, request_id)
       select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid,
              at, 'system', $2, 'done', 200, 'x' from (select now() - $1 * interval '1 day' as at) as old`,
      [days, name],
    );
  await audited(31, 'old');
  await audited(29, 'young');
  await w.sql(
    "insert into kernel.consumed select 'x', gen_random_uuid(), now() - case when n <= 12000 then interval '32 days' else interval '30 days' end from generate_series(1, 12001) n",
  );
  await w.step();
  expect(await w.sql("select count(*)::int as n from kernel.consumed where subscription = 'x'")).toEqual([{ n: 1 }]);
  expect(await w.sql("select operation from kernel.audit where operation in ('old', 'young')")).toEqual([{ operation: 'young' }]);
});

test('an event that nobody hears is not written, and none is noted whose reaction may be repeated', async () => {
  const Numbered = z.object({ n: z.int() });
  const [heard, unheard] = [event('workshop.heard', 1, Numbered), event('workshop.unheard', 1, Numbered)];
  const reacted: number[] = [];
  const react = async (_: unknown, events: { payload: { n: number } }[]) => void reacted.push(...events.map(({ payload }) => payload.n));
  const w = await world({ modules: [...modules, workshop({ subscriptions: [on(heard, react, { isRepeatable: true })] })] });
  await w.sql("delete from kernel.subscriptions where event = '*'"); // by which the tests see every event
  await ask(w, async (tx) => {
    emit(tx, unheard, 'bell', { n: 1 });
    emit(tx, heard, 'bell', { n: 2 });
  });
  expect(await w.sql("select name from told.outbox where name like 'workshop%'")).toEqual([{ name: 'workshop.heard.v1' }]);
  await w.step();
  expect(reacted).toEqual([2]);
  expect(await w.sql("select from kernel.consumed where subscription like 'workshop%'")).toEqual([]);
});

test('a subscription that is about some events only gets no others, also from a relay that sends them all', async () => {
  const Numbered = z.object({ n: z.int() });
  const rung = event('workshop.rung', 1, Numbered);
  const reacted: number[] = [];
  const react = async (_: unknown, events: { payload: { n: number } }[]) => void reacted.push(...events.map(({ payload }) => payload.n));
  const w = await world({ modules: [...modules, workshop({ subscriptions: [on(rung, react, { only: ({ n }) => n % 2 === 0 })] })] });
  await ask(w, async (tx) => {
    for (const n of [1, 2, 3, 4]) emit(tx, rung, 'bell', { n });
  });
  await w.step();
  expect(reacted).toEqual([2, 4]);
  const queue = 'workshop/workshop.rung.v1';
  expect(await w.sql('select event_id from kernel.consumed where subscription = $1', [queue])).toHaveLength(2);
  const row = (n: number) => ({ ...{ id: newId(), seq: n, kind: 'event' as const, name: 'workshop.rung.v1', subject: 'bell', payload: { n } }, created_at: w.clock.now(), request_id: null, actor_id: null, trace: null, language: null }); // biome-ignore format: a row
  await w.souk.deliver(queue, [row(5), row(6)] as never);
  await w.souk.deliver(queue, [row(7)] as never);
  expect(reacted).toEqual([2, 4, 6]);
  expect(await w.sql('select event_id from kernel.consumed where subscription = $1', [queue])).toHaveLength(3);
});
