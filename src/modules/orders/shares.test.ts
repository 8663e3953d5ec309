import { expect, test } from 'vitest';
import { usd } from '../../../test/people.ts';
import { sharesOf } from './shares.ts';

test('the commission of many sellers adds up, whatever the rounding', () => {
  const line = (seller: string, amount: number) => ({
    productId: '',
    variantId: '',
    name: '',
    options: {},
    quantity: 1,
    unitPrice: usd(amount),
    seller: { id: seller, username: '' },
  });
  const shares = sharesOf([line('a', 33), line('b', 33), line('c', 34)], 500);
  expect(shares.reduce((sum, { commission }) => sum + commission, 0)).toBe(5);
  expect(shares.reduce((sum, { amount }) => sum + amount, 0)).toBe(100);
});
