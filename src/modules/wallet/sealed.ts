import type { SealedColumn } from '#kernel/reseal.ts';
import { sourcePlace } from './charge.ts';
import { destinationPlace } from './payout.ts';

/** The sources of pending charges, and the destinations of payouts that are not decided; those that are decided store none. */
export const sealed: readonly SealedColumn[] = [
  { table: 'wallet.charges', column: 'source_sealed', place: sourcePlace, where: "state = 'pending'" },
  { table: 'wallet.payouts', column: 'destination_sealed', place: destinationPlace, where: "state in ('waiting', 'pending')" },
];
