import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { ask, atWork, workshop } from '../../test/workshop.ts';
import { world } from '../../test/world.ts';
import { modules } from '../modules/index.ts';
import type { BaseContext } from './context.ts';
import { type Asked, enqueue, job, runsTogether } from './events.ts';

const Numbered = z.object({ n: z.int() });

test('a job of a kind that is done in batches is done with others, each with its own cause; one that fails, or is slow, fails alone', async () => {
  const packed = job('workshop.packed', Numbered, { seconds: 1, retries: 0, batch: 20 });
  const runsOf: string[][] = [];
  const done = new Set<string>();
  const run = async (_: BaseContext, jobs: readonly Asked<{ n: number }>[]) => {
    runsOf.push(jobs.map(({ input, cause }) => `${input.n} of ${cause?.requestId}`));
    if (jobs.some(({ input }) => input.n === 7)) throw new Error('seven is broken');
    if (jobs.some(({ input }) => input.n === 30)) return void (await sleep(1500));
    for (const { input, cause } of jobs) done.add(`${input.n} of ${cause?.requestId}`);
  };
  const w = await atWork(await world({ modules: [...modules, workshop({ jobs: [runsTogether(packed, run)] })] }));
  const causeOf = (n: number) => ({ requestId: `call-${n}`, actorId: null, trace: null, language: null });
  await ask(w, async (tx) => {
    for (let n = 0; n < 45; n++) enqueue(tx, packed, { n }, { cause: causeOf(n) });
  });
  await expect.poll(() => done.size, { timeout: 10_000 }).toBe(43);
  const letters = async () => (await w.get('/metrics')).body.match(/souk_dead_letters (\d+)/)?.[1];
  await expect.poll(letters, { timeout: 5000 }).toBe('2');
  expect([...done].sort()).toEqual(
    Array.from({ length: 45 }, (_, n) => `${n} of call-${n}`)
      .filter((_, n) => n !== 7 && n !== 30)
      .sort(),
  );
  expect(runsOf.map(({ length }) => length).sort((a, b) => b - a)).toEqual([20, 20, 5, ...Array.from({ length: 40 }, () => 1)]);
  const tom = await w.admin();
  expect((await tom.get('/v1/dead-letters')).body.items.map(({ reason }: { reason: string }) => reason).sort()).toEqual([
    'It took longer than 1 s.',
    'seven is broken',
  ]);
});
