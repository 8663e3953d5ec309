import type { SealedColumn } from '#kernel/reseal.ts';
import { addressPlace } from './address.ts';

/** Shipping addresses. */
export const sealed: readonly SealedColumn[] = [{ table: 'orders.orders', column: 'address_sealed', place: addressPlace }];
