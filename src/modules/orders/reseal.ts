import { resealing } from '#kernel/reseal.ts';
import { addressPlace } from './address.ts';

/** Seals shipping addresses with the current key. */
export const reseal = resealing([{ table: 'orders.orders', column: 'address_sealed', place: addressPlace }]);
