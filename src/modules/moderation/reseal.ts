import { resealing } from '#kernel/reseal.ts';
import { excerptPlace } from './item.ts';

/** Seals excerpts with the current key. */
export const reseal = resealing([{ table: 'moderation.items', column: 'excerpt_sealed', place: excerptPlace }]);
