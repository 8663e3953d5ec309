import { expect, test } from 'vitest';
import { PLATFORM_SELLER } from '#catalog';
import { usd } from '../../../test/people.ts';
import { sharesOf } from './shares.ts';

const line = (seller: string, amount: number, quantity = 1) => ({
  productId: '',
  variantId: '',
  name: '',
  options: {},
  quantity,
  unitPrice: usd(amount),
  seller: { id: seller, username: '' },
});

test('the commission of many sellers adds up, and goes by the largest remainder', () => {
  const shares = sharesOf([line('c', 17, 2), line('b', 33), line('a', 33)], 500);
  expect(shares).toEqual([
    { payee: 'a', amount: 33, commission: 2 },
    { payee: 'b', amount: 33, commission: 1 },
    { payee: 'c', amount: 34, commission: 2 },
  ]);
});

test('lines of one seller are one share, what costs nothing is none, and the shop owes itself no commission', () => {
  const shares = sharesOf([line('a', 1_00), line(PLATFORM_SELLER.id, 5_00), line('b', 0), line('a', 3_00)], 1000);
  expect(shares).toEqual([
    { payee: 'a', amount: 4_00, commission: 40 },
    { payee: 'platform', amount: 5_00, commission: 0 },
  ]);
  expect(sharesOf([line('a', 9)], 1000)).toEqual([{ payee: 'a', amount: 9, commission: 0 }]);
});
