import { beforeAll, expect, test } from 'vitest';
import type { Sql } from '#kernel/database.ts';
import { newId } from '#kernel/ids.ts';
import { openPlans, type PlansOf } from '../../../test/explained-plans.ts';
import { type World, world } from '../../../test/world.ts';
import { decideOpen, decideSubject, eraseWords, itemById, openItem, queuePage, reasonOf } from './item.ts';

/** With 100,000 items, half of them open, every statement uses an index, and no page is sorted. */

let w: World;
let plansOf: PlansOf;
const at = new Date();
const [id, subject] = [newId(), { kind: 'review', id: newId() }];

beforeAll(async () => {
  w = await world();
  const opened = await openPlans(w);
  plansOf = opened.plansOf;
  await opened.client.query(`
    insert into moderation.items (id, subject_kind, subject_id, author, reason, rules, excerpt_sealed, state, decision, decided_by, decided_at, created_at)
      select gen_random_uuid(), (array['review', 'message', 'request'])[1 + n % 3], gen_random_uuid(), gen_random_uuid(), 'flags', '{}', 'sealed',
             case when n % 2 = 0 then 'open' else 'decided' end, case when n % 2 = 0 then null else 'approve' end,
             case when n % 2 = 0 then null else gen_random_uuid() end, case when n % 2 = 0 then null else now() - n * interval '1 s' end, now()
      from generate_series(1, 100000) as n;
    analyze moderation.items`);
}, 120_000);

const pages: [name: string, statement: Sql][] = (['open', 'decided'] as const).flatMap((state) =>
  [undefined, 'review'].flatMap((kind) =>
    [undefined, [id, state === 'open' ? null : at.toISOString()] as const].map((after): [string, Sql] => [
      `${state} items${kind ? ' of a kind' : ''}, ${after ? 'a later page' : 'page 1'}`,
      queuePage({ state, kind, after, rows: 21 }),
    ]),
  ),
);
const verdict = { decision: 'approve', reason: null, by: newId(), at } as const;
const statements: [name: string, statement: Sql][] = [
  ...pages,
  ['enqueue', openItem({ id, subject, author: newId(), reason: 'flags', rules: ['x'], excerpt_sealed: 'sealed', created_at: at })],
  ['decide', decideOpen(id, verdict)],
  ['resolve', decideSubject(subject, verdict)],
  ['what was decided', itemById(id)],
  ['why it was decided', reasonOf(id)],
  ['forget', eraseWords(newId())],
];

test.each(statements)('%s', async (name, statement) => {
  for (const plan of await plansOf(statement)) {
    expect(plan).not.toMatch(name.includes('page') ? /Seq Scan|Sort/ : /Seq Scan on items/);
    expect(plan).toMatch(name === 'enqueue' ? /Conflict Arbiter Indexes: items_subject/ : /Index/);
  }
});
