import { split } from '#kernel/money.ts';

/** What is known of a line to say how much of it is which money. Amounts in minor units. */
export interface Units {
  quantity: number;
  unit_price: number;
  /** The platform's part of the whole line. */
  commission: number;
  /** Units that are refunded already. */
  refunded: number;
}

export interface Money {
  amount: number;
  commission: number;
}

/** The commission of a share, split over the share's lines by the largest remainder: the parts add up to it. */
export const commissionsOf = (commission: number, lines: readonly { quantity: number; unit_price: number }[]): number[] =>
  commission === 0
    ? lines.map(() => 0)
    : split(
        commission,
        lines.map(({ quantity, unit_price }) => quantity * unit_price),
      );

/**
 * What belongs to the next `units` of a line that are refunded. The commission of the first n units is rounded down, and the next ones
 * have what is added to it: so all refunds of a line, in any order and size, add up to the line exactly.
 */
export const moneyOf = (line: Units, units: number): Money => ({
  amount: line.unit_price * units,
  commission: commissionOfFirst(line, line.refunded + units) - commissionOfFirst(line, line.refunded),
});

/** What is left of a line. */
export const restOf = (line: Units): Money => moneyOf(line, line.quantity - line.refunded);

const commissionOfFirst = ({ commission, quantity }: Units, units: number): number =>
  Number((BigInt(commission) * BigInt(units)) / BigInt(quantity));

export const sumOf = (parts: readonly Money[]): Money => ({
  amount: parts.reduce((sum, part) => sum + part.amount, 0),
  commission: parts.reduce((sum, part) => sum + part.commission, 0),
});
