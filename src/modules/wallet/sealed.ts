import type { SealedColumn } from '#kernel/reseal.ts';
import { sourcePlace } from './charge.ts';

/** The sources of pending charges; those that were decided keep none. */
export const sealed: readonly SealedColumn[] = [
  { table: 'wallet.charges', column: 'source_sealed', place: sourcePlace, where: "state = 'pending'" },
];
