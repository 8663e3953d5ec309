import { beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { Reply } from '../../test/people.ts';
import { workshop } from '../../test/workshop.ts';
import { type World, world } from '../../test/world.ts';
import { modules } from '../modules/index.ts';
import type { Context } from './context.ts';
import { unavailable } from './problems.ts';
import { anyone, post } from './routes.ts';

const rung: string[] = [];
const Heard = z.object({ times: z.int() });

/** Its first step is committed when what follows fails. */
const fails = post('/bells/that-fail', {
  summary: 'Ring a bell',
  access: anyone,
  returns: Heard,
  problems: [],
  handle: async (ctx: Context) => {
    await ctx.db.transaction(async () => {});
    rung.push('fails');
    throw unavailable({ retryAfterSeconds: 1 });
  },
  again: async () => ({ times: rung.length }),
});

/** It begins no transaction. */
const plain = post('/bells/that-are-plain', {
  summary: 'Ring a bell',
  access: anyone,
  returns: Heard,
  problems: [],
  handle: async () => ({ times: rung.push('plain') }),
  again: async () => ({ times: rung.length }),
});

let w: World;
beforeAll(async () => {
  w = await world({ modules: [...modules, workshop({ routes: [fails, plain] })] });
});
beforeEach(() => {
  rung.length = 0;
});

const ring = (bell: string, key: string) => w.fetch(`/v1/bells/${bell}`, { method: 'POST', headers: { 'idempotency-key': key } });
const toldOf = ({ status, headers, body }: Reply) => [status, headers.get('idempotent-replayed'), body.times ?? body.code];

test('a call that was committed and then refused says so, and a repeated one is answered by what is there', async () => {
  expect(toldOf(await ring('that-fail', 'a'))).toEqual([503, null, 'unavailable']);
  expect(toldOf(await ring('that-fail', 'a'))).toEqual([200, 'true', 1]);
  expect(rung).toEqual(['fails']);
});

test('of calls at once whose work is not in a transaction one is the first, and the others are repeated', async () => {
  const replies = await Promise.all([1, 2, 3, 4].map(() => ring('that-are-plain', 'b')));
  expect(replies.map(({ headers }) => headers.get('idempotent-replayed')).sort()).toEqual([null, 'true', 'true', 'true'].sort());
  expect(await w.sql("select outcome from kernel.audit where operation = 'postBellsThatArePlain'")).toHaveLength(4);
});
