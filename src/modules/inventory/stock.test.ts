import { beforeAll, describe, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import type { Problem } from '#kernel/problems.ts';
import { outcome } from '../../../test/outcome.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
beforeAll(async () => {
  w = await world();
});

interface Line {
  variantId: string;
  quantity: number;
}

const ask = (operation: string, input: unknown) => w.ask('inventory', operation, input);
const take = (key: string, ...lines: Line[]) => ask('take', { key, lines });
const of = (variantId: string, quantity: number): Line => ({ variantId, quantity });
const level = async (variantId: string) => (await w.ask<Record<string, number>[]>('inventory', 'levels', { variantIds: [variantId] }))[0];
const inMinutes = (n: number) => new Date(w.clock.now().getTime() + minutes(n)).toISOString();

async function variant(onHand: number): Promise<string> {
  const variantId = newId();
  await ask('open', { variants: [{ variantId, onHand }] });
  return variantId;
}

describe('taking', () => {
  test('500 buyers of the last 100 units: 100 get one, 400 are refused, and none is lost', async () => {
    const lamp = await variant(100);
    const outcomes = await Promise.all(Array.from({ length: 500 }, () => outcome(take(newId(), of(lamp, 1)))));
    expect(outcomes.filter((each) => each === 'done')).toHaveLength(100);
    expect(outcomes.filter((each) => each === 'inventory/out-of-stock')).toHaveLength(400);
    expect(await level(lamp)).toMatchObject({ onHand: 0, reserved: 0, available: 0, version: 101 });
  });

  test('all lines or none: what is there is not touched for what is not', async () => {
    const [lamp, shade] = [await variant(5), await variant(1)];
    const refused = take(newId(), of(lamp, 2), of(shade, 2), of(newId(), 1));
    await expect(refused).rejects.toMatchObject({ code: 'inventory/out-of-stock', extra: { variantIds: expect.arrayContaining([shade]) } });
    expect(await level(lamp)).toMatchObject({ onHand: 5, version: 1 });
  });

  test('lists exactly the variants that lack', async () => {
    const [lamp, shade, unknown] = [await variant(5), await variant(1), newId()];
    const refusal = (await take(newId(), of(unknown, 1), of(lamp, 5), of(shade, 2)).catch((error) => error)) as Problem;
    expect((refusal.extra.variantIds as string[]).toSorted()).toEqual([shade, unknown].toSorted());
  });

  test('two lines of one variant are summed before stock is looked at', async () => {
    const lamp = await variant(3);
    expect(await outcome(take(newId(), of(lamp, 2), of(lamp, 2)))).toBe('inventory/out-of-stock');
    expect(await outcome(take(newId(), of(lamp, 2), of(lamp.toUpperCase(), 1)))).toBe('done');
    expect(await level(lamp)).toMatchObject({ onHand: 0 });
  });

  test('a key takes once, with any number of repeated and parallel calls', async () => {
    const lamp = await variant(10);
    const key = newId();
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => outcome(take(key, of(lamp, 4)))));
    expect(new Set(outcomes)).toEqual(new Set(['done']));
    expect(await outcome(take(key, of(lamp, 4)))).toBe('done');
    expect(await level(lamp)).toMatchObject({ onHand: 6, version: 2 });
  });

  test('a repeated key is answered even when its own taking emptied the shelf', async () => {
    const lamp = await variant(4);
    const key = newId();
    expect(new Set(await Promise.all([1, 2, 3].map(() => outcome(take(key, of(lamp, 4))))))).toEqual(new Set(['done']));
  });

  test('a refusal changes nothing: once there are units, the same key succeeds', async () => {
    const lamp = await variant(0);
    const key = newId();
    expect(await outcome(take(key, of(lamp, 1)))).toBe('inventory/out-of-stock');
    await ask('change', { key: newId(), variantId: lamp, change: 1, reason: 'delivery' });
    expect(await outcome(take(key, of(lamp, 1)))).toBe('done');
  });

  test('baskets that cross each other neither wait in a circle nor break', async () => {
    const variants = await Promise.all([1000, 1000, 1000, 1000].map(variant));
    const basket = (n: number) => variants.map((_, place) => of(variants[(place * (n % 2 ? 1 : 3) + n) % 4]!, 1));
    await Promise.all(Array.from({ length: 200 }, (_, n) => take(newId(), ...basket(n))));
    for (const each of variants) expect(await level(each)).toMatchObject({ onHand: 800, version: 201 });
  });

  test('costs one statement beside its commit', async () => {
    const lamp = await variant(10);
    const statements = await w.statements(() => take(newId(), of(lamp, 1)));
    expect(statements.filter((text) => !text.includes('kernel.outbox'))).toHaveLength(1);
  });

  test('under a key that was reserved before is a mistake of the caller', async () => {
    const lamp = await variant(2);
    const key = newId();
    await ask('reserve', { key, lines: [of(lamp, 1)], expiresAt: inMinutes(5) });
    await expect(take(key, of(lamp, 1))).rejects.toThrow(/keys of their own/);
  });
});

describe('releasing', () => {
  test('gives back what was taken, once', async () => {
    const lamp = await variant(5);
    const key = newId();
    await take(key, of(lamp, 3));
    await Promise.all(Array.from({ length: 10 }, () => ask('release', { key })));
    expect(await level(lamp)).toMatchObject({ onHand: 5, version: 3 });
    expect(await outcome(take(key, of(lamp, 3)))).toBe('inventory/reservation-ended');
  });

  test('of a key that is not known leaves a mark: what comes late under it is refused', async () => {
    const lamp = await variant(5);
    const key = newId();
    await ask('release', { key });
    expect(await outcome(take(key, of(lamp, 1)))).toBe('inventory/reservation-ended');
    expect(await outcome(ask('reserve', { key, lines: [of(lamp, 1)], expiresAt: inMinutes(5) }))).toBe('inventory/reservation-ended');
    expect(await outcome(ask('confirm', { key }))).toBe('inventory/reservation-ended');
    expect(await level(lamp)).toMatchObject({ onHand: 5, version: 1 });
  });

  test('that races with the taking ends with everything back', async () => {
    const lamp = await variant(100);
    const keys = Array.from({ length: 60 }, newId);
    await Promise.all(
      keys.flatMap((key) => [outcome(take(key, of(lamp, 1))), outcome(ask('release', { key })), outcome(take(key, of(lamp, 1)))]),
    );
    for (const key of keys) expect(await outcome(take(key, of(lamp, 1)))).toBe('inventory/reservation-ended');
    expect(await level(lamp)).toMatchObject({ onHand: 100, reserved: 0 });
  });
});

describe('reserving', () => {
  test('holds units, and confirming sells them', async () => {
    const lamp = await variant(5);
    const key = newId();
    await ask('reserve', { key, lines: [of(lamp, 3)], expiresAt: inMinutes(10) });
    expect(await level(lamp)).toMatchObject({ onHand: 5, reserved: 3, available: 2 });
    expect(await outcome(take(newId(), of(lamp, 3)))).toBe('inventory/out-of-stock');
    expect(await w.statements(() => ask('confirm', { key }))).toHaveLength(1);
    await Promise.all([1, 2].map(() => ask('confirm', { key })));
    expect(await level(lamp)).toMatchObject({ onHand: 2, reserved: 0, available: 2 });
    expect(await outcome(ask('reserve', { key, lines: [of(lamp, 3)], expiresAt: inMinutes(10) }))).toBe('done');
    expect(await level(lamp)).toMatchObject({ onHand: 2, reserved: 0 });
    await ask('release', { key });
    expect(await level(lamp)).toMatchObject({ onHand: 5, reserved: 0 });
  });

  test('that is released makes the units available again', async () => {
    const lamp = await variant(5);
    const key = newId();
    await ask('reserve', { key, lines: [of(lamp, 3)], expiresAt: inMinutes(10) });
    await ask('release', { key });
    expect(await level(lamp)).toMatchObject({ onHand: 5, reserved: 0 });
    expect(await outcome(ask('confirm', { key }))).toBe('inventory/reservation-ended');
  });

  test('ends with its time: confirming is refused at once, and the timer makes the units available again', async () => {
    const lamp = await variant(5);
    const [late, kept] = [newId(), newId()];
    await ask('reserve', { key: late, lines: [of(lamp, 2)], expiresAt: inMinutes(10) });
    await ask('reserve', { key: kept, lines: [of(lamp, 1)], expiresAt: inMinutes(30) });
    w.clock.advance(minutes(11));
    expect(await outcome(ask('confirm', { key: late }))).toBe('inventory/reservation-ended');
    expect(await level(lamp)).toMatchObject({ reserved: 3 });
    await w.step();
    expect(await level(lamp)).toMatchObject({ onHand: 5, reserved: 1, available: 4 });
    expect(await outcome(ask('reserve', { key: late, lines: [of(lamp, 2)], expiresAt: inMinutes(10) }))).toBe(
      'inventory/reservation-ended',
    );
    await ask('release', { key: late });
    expect(await level(lamp)).toMatchObject({ onHand: 5, reserved: 1 });
    expect(await outcome(ask('confirm', { key: kept }))).toBe('done');
  });

  test('more than a batch of them ends in one turn of the timer', async () => {
    const lamp = await variant(450);
    const expiresAt = inMinutes(1);
    await Promise.all(Array.from({ length: 450 }, () => ask('reserve', { key: newId(), lines: [of(lamp, 1)], expiresAt })));
    expect(await level(lamp)).toMatchObject({ available: 0 });
    w.clock.advance(minutes(2));
    await w.step();
    expect(await level(lamp)).toMatchObject({ onHand: 450, reserved: 0 });
  });

  test('that is confirmed and released and runs out at the same moment ends one way', async () => {
    const lamp = await variant(1000);
    const keys = Array.from({ length: 40 }, newId);
    const expiresAt = inMinutes(1);
    for (const key of keys) await ask('reserve', { key, lines: [of(lamp, 2)], expiresAt });
    w.clock.advance(minutes(1) - 50);
    await Promise.all([...keys.flatMap((key) => [outcome(ask('confirm', { key })), outcome(ask('release', { key }))]), w.step(), w.step()]);
    expect(await level(lamp)).toMatchObject({ onHand: 1000, reserved: 0 });
  });
});

describe('changing', () => {
  test('adds and takes away with a reason, never what is reserved or not there', async () => {
    const lamp = await variant(5);
    await ask('reserve', { key: newId(), lines: [of(lamp, 2)], expiresAt: inMinutes(60) });
    const refused = ask('change', { key: newId(), variantId: lamp, change: -4, reason: 'broken' });
    await expect(refused).rejects.toMatchObject({ code: 'inventory/below-zero', extra: { available: 3 } });
    await ask('change', { key: newId(), variantId: lamp, change: -3, reason: 'broken' });
    expect(await level(lamp)).toMatchObject({ onHand: 2, reserved: 2, available: 0 });
  });

  test('a key changes once, also when its twins run beside it', async () => {
    const lamp = await variant(0);
    const input = { key: newId(), variantId: lamp, change: 7, reason: 'delivery' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => w.ask<{ movement: object; replayed: boolean }>('inventory', 'change', input)),
    );
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(answers.map(({ movement }) => JSON.stringify(movement))).size).toBe(1);
    expect(await level(lamp)).toMatchObject({ onHand: 7, version: 2 });
  });

  test('of a variant that nobody keeps is a mistake of the caller', async () => {
    await expect(ask('change', { key: newId(), variantId: newId(), change: 1, reason: 'x' })).rejects.toThrow(/No stock is kept/);
  });

  test('lists its history newest first, page by page, over several variants', async () => {
    const [lamp, shade] = [await variant(1), await variant(0)];
    for (let n = 1; n <= 6; n++) {
      await ask('change', { key: newId(), variantId: n % 2 ? lamp : shade, change: n, reason: `delivery ${n}` });
    }
    await take(newId(), of(lamp, 10));
    const seen: { id: string; change: number; onHand: number; reason: string }[] = [];
    for (let after: string | null = null; ; ) {
      const page: typeof seen = await w.ask('inventory', 'movements', { variantIds: [lamp, shade], after, limit: 3 });
      seen.push(...page);
      after = page.at(-1)?.id ?? null;
      if (page.length < 3) break;
    }
    expect(seen.map(({ change, reason, onHand }) => [change, reason, onHand])).toEqual([
      [-10, 'sold', 0],
      [6, 'delivery 6', 12],
      [5, 'delivery 5', 10],
      [4, 'delivery 4', 6],
      [3, 'delivery 3', 5],
      [2, 'delivery 2', 2],
      [1, 'delivery 1', 2],
      [1, 'opening stock', 1],
    ]);
  });

  test('opening twice changes nothing', async () => {
    const lamp = await variant(3);
    await ask('open', {
      variants: [
        { variantId: lamp, onHand: 9 },
        { variantId: lamp, onHand: 9 },
      ],
    });
    expect(await level(lamp)).toMatchObject({ onHand: 3, version: 1 });
  });
});

describe('the database itself', () => {
  const refusals: [name: string, sql: string, message: RegExp][] = [
    ['reserves no more than is on hand', 'update inventory.levels set reserved = on_hand + 1', /levels_reserved_within_on_hand/],
    ['goes below zero with nothing', 'update inventory.levels set on_hand = -1, reserved = 0', /levels_reserved_within_on_hand/],
    ['rewrites no movement', 'update inventory.movements set change = 1', /only ever added/],
    ['forgets no movement', 'delete from inventory.movements', /only ever added/],
    ['empties no history', 'truncate inventory.movements', /only ever added/],
    ['forgets no reservation', 'delete from inventory.reservations', /only ever added/],
    [
      'changes no lines of a reservation',
      "update inventory.reservations set quantities = '{9}', variant_ids = variant_ids[1:1]",
      /only ever added/,
    ],
    ['wakes nothing that has ended', "update inventory.reservations set state = 'taken' where state = 'released'", /only ever added/],
  ];
  test.each(refusals)('%s', async (_, statement, message) => {
    const lamp = await variant(5);
    const [kept, ended] = [newId(), newId()];
    await take(kept, of(lamp, 1));
    await take(ended, of(lamp, 1));
    await ask('release', { key: ended });
    await expect(w.sql(statement)).rejects.toThrow(message);
  });

  test('explains every level by its movements', async () => {
    const wrong = await w.sql(`
      select level.variant_id from inventory.levels level
      left join (select variant_id, sum(change) as sum from inventory.movements group by variant_id) movement using (variant_id)
      where level.on_hand <> coalesce(movement.sum, 0)`);
    expect(wrong).toEqual([]);
  });

  test('explains every reserved unit by a reservation', async () => {
    const wrong = await w.sql(`
      select level.variant_id from inventory.levels level
      left join (select line.id, sum(line.quantity) as kept from inventory.reservations, unnest(variant_ids, quantities) as line (id, quantity)
                 where state = 'reserved' group by line.id) reservation on reservation.id = level.variant_id
      where level.reserved <> coalesce(kept, 0)`);
    expect(wrong).toEqual([]);
  });
});
