import { judgeGet } from './judging.ts';
import type { SignedReads } from './port.ts';
import { bucketOfSouk, type SoukStore, signGet } from './signing.ts';

/** Reads that Souk signs and answers itself: of what is stored encrypted, which no store can open. */
export const soukReads = (souk: SoukStore): SignedReads => ({
  sign: (wish) => signGet(bucketOfSouk(souk), wish),
  judge: (request, now) => judgeGet(bucketOfSouk(souk), request, now),
});
