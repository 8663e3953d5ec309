import { type Person, usd } from './people.ts';

/** Products to sell in tests: one with a single price, and one with variants. */

export const lamp = {
  name: 'Lamp',
  category: 'electronics',
  type: 'Desk lamp',
  brand: 'Luma',
  description: 'It bends.',
  price: usd(20_00),
  stock: 5,
};

export const shirt = {
  name: 'Shirt',
  variants: [
    { sku: 'R-M', options: { color: 'red', size: 'M' }, price: usd(15_00), stock: 2 },
    { sku: 'R-L', options: { color: 'red', size: 'L' }, price: usd(16_00), stock: 3 },
    { options: { color: 'blue', size: 'M' }, price: usd(14_00), stock: 0 },
  ],
};

/** The id of a product that waits to be submitted. */
export const draftOf = async (seller: Person, product: object = lamp): Promise<string> =>
  (await seller.post('/v1/products', product)).body.id;
