import { fileReply } from '#kernel/file-reply.ts';
import { notFound } from '#kernel/problems.ts';
import type { Media } from './context.ts';
import { FORMATS, type Format, fileKey } from './stored-image.ts';

/** One size of an image, for anybody. Its address stands for its bytes, so nothing but the store is asked. @throws notFound */
export async function readImage({ storage }: Media, hash: string, file: string) {
  const [, width, format] = /^([1-9]\d{0,4})\.(avif|webp|jpg)$/.exec(file) ?? [];
  if (!width || !/^[\w-]{43}$/.test(hash)) throw notFound();
  const key = fileKey(hash, Number(width), format as Format);
  const found = await storage.look(key);
  if (!found) throw notFound();
  return fileReply({
    type: FORMATS[format as Format],
    sizeBytes: found.sizeBytes,
    etag: `"${hash}.${file}"`,
    open: (range) => storage.read(key, range),
  });
}
