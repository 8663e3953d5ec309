import type { SealedColumn } from '#kernel/reseal.ts';
import { fileKeyPlace } from './private-file.ts';

/** Keys of private files: with them the files need not be written again. */
export const sealed: readonly SealedColumn[] = [
  { table: 'media.uploads', column: 'file_key_sealed', place: fileKeyPlace, where: 'file_key_sealed is not null' },
];
