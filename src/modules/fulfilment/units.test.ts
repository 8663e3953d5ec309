import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commissionsOf, moneyOf, restOf, sumOf, type Units } from './units.ts';

const line = fc.record({ quantity: fc.integer({ min: 1, max: 50 }), unit_price: fc.integer({ min: 1, max: 1_000_000_000 }) });
const share = fc.tuple(fc.array(line, { minLength: 1, maxLength: 8 }), fc.integer({ min: 0, max: 5000 })).map(([lines, basisPoints]) => {
  const amount = lines.reduce((sum, { quantity, unit_price }) => sum + quantity * unit_price, 0);
  return { lines, amount, commission: Number((BigInt(amount) * BigInt(basisPoints)) / 10_000n) };
});

test('refunds of units, in any order and size, add up to the share exactly, the commission too, and none is more than it refunds', () => {
  fc.assert(
    fc.property(
      share,
      fc.array(fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 50 })), { maxLength: 60 }),
      ({ lines, amount, commission }, wishes) => {
        const parts = commissionsOf(commission, lines);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(commission);
        const rows: Units[] = lines.map((each, index) => ({ ...each, commission: parts[index]!, refunded: 0 }));
        const refunds = [];
        for (const [index, wish] of wishes) {
          const row = rows[index % rows.length]!;
          const units = Math.min(wish, row.quantity - row.refunded);
          if (units === 0) continue;
          const money = moneyOf(row, units);
          expect(money.commission).toBeGreaterThanOrEqual(0);
          expect(money.commission).toBeLessThanOrEqual(money.amount);
          refunds.push(money);
          row.refunded += units;
        }
        expect(sumOf([...refunds, ...rows.map(restOf)])).toEqual({ amount, commission });
      },
    ),
    { numRuns: 500 },
  );
});
