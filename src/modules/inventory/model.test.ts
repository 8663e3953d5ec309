import fc from 'fast-check';
import pg from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { inventory } from '#inventory';
import { minutes } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import { Problem } from '#kernel/problems.ts';
import { type World, world } from '../../../test/world.ts';

/** Inventory as one would write it without a database and without haste. */
class Model {
  onHand: number[];
  keys = new Map<number, { state: 'taken' | 'reserved' | 'confirmed' | 'released'; lines: Line[] }>();

  constructor(onHand: number[]) {
    this.onHand = [...onHand];
  }

  available(variant: number): number {
    const kept = [...this.keys.values()].filter(({ state }) => state === 'reserved').flatMap(({ lines }) => lines);
    return this.onHand[variant]! - kept.filter((line) => line.variant === variant).reduce((sum, line) => sum + line.quantity, 0);
  }

  claim(key: number, state: 'taken' | 'reserved', lines: Line[]): string {
    const known = this.keys.get(key);
    if (known?.state === 'released') return 'inventory/reservation-ended';
    if (known) return 'done';
    const wanted = [0, 1, 2].map((variant) =>
      lines.filter((line) => line.variant === variant).reduce((sum, line) => sum + line.quantity, 0),
    );
    if (wanted.some((quantity, variant) => quantity > 0 && quantity > this.available(variant))) return 'inventory/out-of-stock';
    if (state === 'taken') for (const line of lines) this.onHand[line.variant]! -= line.quantity;
    this.keys.set(key, { state, lines });
    return 'done';
  }

  confirm(key: number): string {
    const known = this.keys.get(key);
    if (known?.state === 'confirmed' || known?.state === 'taken') return 'done';
    if (known?.state !== 'reserved') return 'inventory/reservation-ended';
    for (const line of known.lines) this.onHand[line.variant]! -= line.quantity;
    known.state = 'confirmed';
    return 'done';
  }

  release(key: number): string {
    const known = this.keys.get(key);
    if (known?.state === 'taken' || known?.state === 'confirmed')
      for (const line of known.lines) this.onHand[line.variant]! += line.quantity;
    this.keys.set(key, { state: 'released', lines: [] });
    return 'done';
  }

  change(variant: number, change: number): string {
    if (this.available(variant) + change < 0) return 'inventory/below-zero';
    this.onHand[variant]! += change;
    return 'done';
  }
}

interface Line {
  variant: number;
  quantity: number;
}

type Step =
  | { do: 'take' | 'reserve'; key: number; lines: Line[] }
  | { do: 'confirm' | 'release'; key: number }
  | { do: 'change'; variant: number; change: number };

const variant = fc.integer({ min: 0, max: 2 });
const lines = fc.array(fc.record({ variant, quantity: fc.integer({ min: 1, max: 4 }) }), { minLength: 1, maxLength: 4 });
// Even keys take, odd keys reserve: a key serves one of the two.
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('take' as const), key: fc.constantFrom(0, 2, 4, 6, 8), lines }),
  fc.record({ do: fc.constant('reserve' as const), key: fc.constantFrom(1, 3, 5, 7, 9), lines }),
  fc.record({ do: fc.constantFrom('confirm' as const, 'release' as const), key: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ do: fc.constant('change' as const), variant, change: fc.integer({ min: -5, max: 5 }).filter((change) => change !== 0) }),
);

let w: World;
beforeAll(async () => {
  w = await world();
});

/** Fresh variants and keys for one run, and a way to do its steps. */
async function shelf(onHand: number[]) {
  const variants = onHand.map(() => newId());
  const keys = Array.from({ length: 10 }, newId);
  await w.ask('inventory', 'open', { variants: variants.map((variantId, index) => ({ variantId, onHand: onHand[index] })) });
  const expiresAt = new Date(w.clock.now().getTime() + minutes(60)).toISOString();
  const named = (given: Line[]) => given.map((line) => ({ variantId: variants[line.variant], quantity: line.quantity }));
  const run = async (step: Step): Promise<string> => {
    const input =
      step.do === 'change'
        ? { key: newId(), variantId: variants[step.variant], change: step.change, reason: 'count' }
        : { key: keys[step.key], ...('lines' in step ? { lines: named(step.lines), expiresAt } : {}) };
    return w.ask('inventory', step.do, input).then(
      () => 'done',
      (error) => {
        if (error instanceof Problem) return error.code;
        throw error;
      },
    );
  };
  const levels = async () => {
    const found = await w.ask<{ variantId: string; onHand: number; available: number }[]>('inventory', 'levels', { variantIds: variants });
    return variants.map((id) => found.find(({ variantId }) => variantId === id)!).map(({ onHand, available }) => ({ onHand, available }));
  };
  const sums = async () =>
    (
      await w.sql<{ sum: number }>(
        `select coalesce(sum(change), 0)::int as sum from unnest($1::uuid[]) with ordinality as variant (id, place)
         left join inventory.movements on variant_id = variant.id group by place order by place`,
        [variants],
      )
    ).map(({ sum }) => sum);
  return { run, levels, sums, keys };
}

test('one step after another, it does what the model does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 3, maxLength: 3 }),
      fc.array(step, { maxLength: 25 }),
      async (onHand, steps) => {
        const [model, real] = [new Model(onHand), await shelf(onHand)];
        for (const each of steps) {
          const expected =
            each.do === 'take'
              ? model.claim(each.key, 'taken', each.lines)
              : each.do === 'reserve'
                ? model.claim(each.key, 'reserved', each.lines)
                : each.do === 'change'
                  ? model.change(each.variant, each.change)
                  : model[each.do](each.key);
          expect(await real.run(each)).toBe(expected);
        }
        expect(await real.levels()).toEqual([0, 1, 2].map((index) => ({ onHand: model.onHand[index], available: model.available(index) })));
        expect(await real.sums()).toEqual(model.onHand);
      },
    ),
    { numRuns: 40 },
  );
});

test('with all steps at once the units still add up, and every outcome is one that some order of the steps could have had', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 3, maxLength: 3 }),
      fc.array(step, { maxLength: 30 }),
      async (onHand, steps) => {
        const real = await shelf(onHand);
        await Promise.all(steps.map(real.run));
        const levels = await real.levels();
        expect(await real.sums()).toEqual(levels.map((level) => level.onHand));
        const kept = await w.sql<{ state: string; variant_ids: string[] }>(
          'select * from inventory.reservations where key = any($1::uuid[])',
          [real.keys],
        );
        for (const level of levels) expect(level.available).toBeLessThanOrEqual(level.onHand);
        const released = new Set(steps.flatMap((each) => (each.do === 'release' ? [real.keys[each.key]] : [])));
        for (const row of kept as unknown as { key: string; state: string }[])
          if (released.has(row.key)) expect(row.state).toBe('released');
      },
    ),
    { numRuns: 40 },
  );
});

test.each([
  ['levels', 1000, (ids: string[]) => ({ variantIds: ids })],
  ['open', 500, (ids: string[]) => ({ variants: ids.map((variantId) => ({ variantId, onHand: 1 })) })],
  ['close', 500, (ids: string[]) => ({ variantIds: ids })],
  ['changeMany', 500, (ids: string[]) => ({ changes: ids.map((variantId) => ({ key: newId(), variantId, change: 1, reason: 'count' })) })],
  ['movements', 500, (ids: string[]) => ({ variantIds: ids, after: null, limit: 1 })],
  ['take', 100, (ids: string[]) => ({ key: newId(), lines: ids.map((variantId) => ({ variantId, quantity: 1 })) })],
  [
    'reserve',
    100,
    (ids: string[]) => ({
      key: newId(),
      lines: ids.map((variantId) => ({ variantId, quantity: 1 })),
      expiresAt: '2030-01-01T00:00:00.000Z',
    }),
  ],
] as const)('%s takes lists of at most %i', (name, most, input) => {
  const fits = (length: number) => inventory.operations[name].input.safeParse(input(Array.from({ length }, newId))).success;
  expect([fits(most), fits(most + 1)]).toEqual([true, false]);
});

test('closing writes off free units once, with an event; reserved and sold units stay', async () => {
  const [lamp, shade, rug] = [newId(), newId(), newId()];
  await w.ask('inventory', 'open', { variants: [lamp, shade, rug].map((variantId) => ({ variantId, onHand: 5 })) });
  const expiresAt = new Date(w.clock.now().getTime() + minutes(60)).toISOString();
  await w.ask('inventory', 'reserve', { key: newId(), lines: [{ variantId: lamp, quantity: 2 }], expiresAt });
  const told = async () =>
    (
      await w.sql<{ levels: unknown }>(
        "select payload -> 'levels' as levels from told.outbox where name = 'inventory.levels-changed.v1' and payload::text like $1 order by seq",
        [`%${shade}%`],
      )
    ).map(({ levels }) => levels);
  const before = (await told()).length;
  for (let time = 1; time <= 2; time++) await w.ask('inventory', 'close', { variantIds: [lamp, shade] });
  const levels = await w.ask<{ variantId: string }[]>('inventory', 'levels', { variantIds: [lamp, shade, rug] });
  expect(levels.toSorted((a, b) => (a.variantId < b.variantId ? -1 : 1))).toEqual([
    { variantId: lamp, onHand: 2, reserved: 2, available: 0, version: 3 },
    { variantId: shade, onHand: 0, reserved: 0, available: 0, version: 2 },
    { variantId: rug, onHand: 5, reserved: 0, available: 5, version: 1 },
  ]);
  const movements = await w.ask<object[]>('inventory', 'movements', { variantIds: [lamp], after: null, limit: 9 });
  expect(movements).toMatchObject([
    { change: -3, onHand: 2, reason: 'variant removed' },
    { change: 5, onHand: 5, reason: 'opening stock' },
  ]);
  expect((await told()).slice(before)).toEqual([
    expect.arrayContaining([
      { variantId: lamp, available: 0, version: 3 },
      { variantId: shade, available: 0, version: 2 },
    ]),
  ]);
});

test('more than can be counted is refused, with the number that there is', async () => {
  const [lamp, change] = [
    newId(),
    (amount: number) => w.ask('inventory', 'change', { key: newId(), variantId: lamp, change: amount, reason: 'x' }),
  ];
  await w.ask('inventory', 'open', { variants: [{ variantId: lamp, onHand: 7 }] });
  await expect(change(1_000_000_000 - 6)).rejects.toMatchObject({ code: 'inventory/too-much-stock', extra: { onHand: 7 } });
  await change(1_000_000_000 - 7);
});

test('a reservation that somebody is just ending is left to them: the timer ends the others meanwhile', async () => {
  const lamp = newId();
  await w.ask('inventory', 'open', { variants: [{ variantId: lamp, onHand: 5 }] });
  const [busy, idle] = [newId(), newId()];
  const expiresAt = new Date(w.clock.now().getTime() + minutes(1)).toISOString();
  for (const key of [busy, idle]) await w.ask('inventory', 'reserve', { key, lines: [{ variantId: lamp, quantity: 2 }], expiresAt });
  w.clock.advance(minutes(2));
  const states = () =>
    w.sql<{ state: string }>('select state from inventory.reservations where key = any($1::uuid[]) order by key', [[busy, idle]]);
  const somebody = new pg.Client({ connectionString: w.databaseUrl });
  await somebody.connect();
  await somebody.query('begin');
  await somebody.query('select from inventory.reservations where key = $1 for update', [busy]);
  await somebody.query("set local idle_in_transaction_session_timeout = '10s'"); // else a timer that waits would wait for ever
  await w.step();
  expect(await states()).toEqual([{ state: 'reserved' }, { state: 'expired' }]);
  await somebody.query('commit');
  await somebody.end();
  await w.step();
  expect(await states()).toEqual([{ state: 'expired' }, { state: 'expired' }]);
});
