import { resealing } from '#kernel/reseal.ts';
import { sourcePlace } from './charge.ts';

/** Seals the sources of pending charges with the current key; those that were decided keep none. */
export const reseal = resealing([{ table: 'wallet.charges', column: 'source_sealed', place: sourcePlace, where: "state = 'pending'" }]);
