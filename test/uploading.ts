import sharp from 'sharp';
import { newId } from '../src/kernel/ids.ts';
import type { Module } from '../src/kernel/module.ts';
import { modules } from '../src/modules/index.ts';
import type { Upload } from '../src/modules/media/contract.ts';
import type { Reply, World } from './world.ts';

/** All modules, of which none takes or discards the images that are ready: a test does that itself. */
export const nobodyTakesImages: readonly Module[] = modules.map((module) => ({
  ...module,
  subscriptions: module.subscriptions.filter(({ event }) => event.name !== 'media.image-ready'),
}));

/** A picture of one colour with a gradient over it, so that no two colours have the same bytes. */
export const picture = (color = 'teal', width = 640, height = 480): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: color } })
    .jpeg()
    .toBuffer();

/** What a client says of a picture when it announces it. */
export const announcing = (bytes: Buffer, more: object = {}) => ({
  fileName: 'picture.jpg',
  contentType: 'image/jpeg' as const,
  sizeBytes: bytes.length,
  ...more,
});

/** Announces an image of a product for somebody, as a module does. */
export const announceFor = (w: Pick<World, 'ask'>, { id }: { id: string }, file: object): Promise<Upload> =>
  w.ask('media', 'announce', { key: newId(), ownerId: id, purpose: 'product-image', subjectId: newId(), ...file });

/** Sends a file to where the reply of an announcement says. */
export const sendFile = (w: Pick<World, 'fetch'>, { upload }: Pick<Upload, 'upload'>, bytes: Buffer, headers = {}): Promise<Reply> => {
  const { pathname, search } = new URL(upload.url);
  return w.fetch(`${pathname}${search}`, {
    method: upload.method,
    headers: { 'content-type': upload.headers['Content-Type'] ?? '', 'content-length': String(bytes.length), ...headers },
    body: new Uint8Array(bytes),
  });
};
