import { type Database, type Sql, sql } from '#kernel/database.ts';
import type { Image } from '#media';
import type { Media } from './context.ts';
import type { UploadRow } from './upload.ts';

export interface ImageRow {
  hash: string;
  width: number | null;
  height: number | null;
  widths: number[] | null;
  stored_at: Date | null;
  removing_since: Date | null;
}

/** The columns of `ImageRow`. */
export const IMAGE: Sql = sql`hash, width, height, widths, stored_at, removing_since`;

/** The formats that each size is stored in, by the ends of their names. */
export const FORMATS = { avif: 'image/avif', webp: 'image/webp', jpg: 'image/jpeg' } as const;
export type Format = keyof typeof FORMATS;

/** What the keys of all files of an image begin with. */
export const filesOf = (hash: string): string => `media/${hash}/`;
export const fileKey = (hash: string, width: number, format: Format): string => `${filesOf(hash)}${width}.${format}`;

export const findImage = (db: Database, hash: string): Promise<ImageRow | undefined> =>
  db.maybe<ImageRow>(sql`select ${IMAGE} from media.images where hash = ${hash}`);

/** What everybody is shown of it. The row must be stored whole. */
export function imageOf({ settings }: Pick<Media, 'settings'>, { id, alt }: Pick<UploadRow, 'id' | 'alt'>, row: ImageRow): Image {
  const { hash, width, height, widths } = row;
  const urlOf = (size: number, format: Format) => `${settings.imagesUrl}/${hash}/${size}.${format}`;
  return {
    id,
    url: urlOf(width!, 'jpg'),
    alt,
    width: width!,
    height: height!,
    sources: widths!.map((size) => ({ width: size, avif: urlOf(size, 'avif'), webp: urlOf(size, 'webp'), jpeg: urlOf(size, 'jpg') })),
  };
}
