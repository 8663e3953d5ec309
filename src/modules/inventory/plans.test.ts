import { beforeAll, expect, test } from 'vitest';
import type { Sql } from '#kernel/database.ts';
import { newId } from '#kernel/ids.ts';
import { openPlans, type PlansOf } from '../../../test/explained-plans.ts';
import { type World, world } from '../../../test/world.ts';
import { levelsOf, openLevels } from './level.ts';
import { changeLevels, historyOf, movementWithId } from './movement.ts';
import { claimUnits, confirmReservation, expireReservations, releaseReservation, stateOf } from './reservation.ts';

/** With 100,000 levels, movements and reservations every statement uses an index. */

let w: World;
let plansOf: PlansOf;
const at = new Date();
const [variantId, key] = [newId(), newId()];

beforeAll(async () => {
  w = await world();
  const opened = await openPlans(w);
  plansOf = opened.plansOf;
  await opened.client.query(`
    insert into inventory.levels (variant_id, on_hand) select gen_random_uuid(), 10 from generate_series(1, 100000);
    insert into inventory.movements (id, variant_id, change, on_hand, reason, at) select gen_random_uuid(), variant_id, 10, 10, 'opening stock', now() from inventory.levels;
    insert into inventory.reservations (key, state, variant_ids, quantities, expires_at, created_at)
      select gen_random_uuid(), 'reserved', array[variant_id], '{1}', now() + interval '1 day', now() from inventory.levels limit 50000;
    insert into inventory.reservations (key, state, variant_ids, quantities, created_at) select gen_random_uuid(), 'taken', array[variant_id], '{1}', now() from inventory.levels limit 50000;
    analyze inventory.levels, inventory.movements, inventory.reservations`);
}, 120_000);

const lines = [newId(), newId(), newId()].map((id) => ({ variantId: id, quantity: 2 }));
const statements: [name: string, statement: Sql][] = [
  ['take', claimUnits({ key, state: 'taken', lines, expiresAt: null, at })],
  ['reserve', claimUnits({ key, state: 'reserved', lines, expiresAt: at.toISOString(), at })],
  ['the state of a key', stateOf(key)],
  ['confirm', confirmReservation(key, at)],
  ['release', releaseReservation(key, at)],
  ['expire', expireReservations(at, 200)],
  ['levels', levelsOf(lines.map((line) => line.variantId))],
  ['open', openLevels([{ variantId, onHand: 3 }], at)],
  ['change', changeLevels([{ key, variantId, change: 1, reason: 'delivery' }], at)],
  [
    'movements',
    historyOf(
      lines.map((line) => line.variantId),
      key,
      21,
    ),
  ],
  ['a movement', movementWithId(key)],
];

test.each(statements)('%s', async (_, statement) => {
  for (const plan of await plansOf(statement)) {
    expect(plan).not.toMatch(/Seq Scan on (levels|movements|reservations)/);
    expect(plan).toMatch(/Index/);
  }
});
