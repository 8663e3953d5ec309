import type { SealedColumn } from '#kernel/reseal.ts';
import { excerptPlace } from './item.ts';

/** Excerpts. */
export const sealed: readonly SealedColumn[] = [{ table: 'moderation.items', column: 'excerpt_sealed', place: excerptPlace }];
