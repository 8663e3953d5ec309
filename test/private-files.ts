import { buffer } from 'node:stream/consumers';
import { deflateSync } from 'node:zlib';
import { newId } from '../src/kernel/ids.ts';
import type { Upload } from '../src/modules/media/contract.ts';
import type { Person } from './people.ts';
import { announcing, sendFile } from './uploading.ts';
import type { World } from './world.ts';

/** What is said of a PDF when it is announced. */
export const PDF = { fileName: 'passport.pdf', contentType: 'application/pdf' };

/** A PDF with this content behind its header, and its objects compressed where `hidden` is given. */
export function pdf(content: string | Buffer = '', hidden?: string): Buffer {
  const packed = hidden === undefined ? undefined : deflateSync(Buffer.from(hidden));
  return Buffer.concat([
    Buffer.from('%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n'),
    Buffer.from(content),
    ...(packed
      ? [
          Buffer.from(`9 0 obj << /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length ${packed.length} >> stream\n`),
          packed,
          Buffer.from('\nendstream endobj\n'),
        ]
      : []),
    Buffer.from('\nxref\n0 1\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF\n'),
  ]);
}

/** What tests do with private files, as the module above would. */
export function privateFiles(of: () => [World, Person]) {
  const announce = (bytes: Buffer, more: object = {}, at: World = of()[0]) =>
    at.ask<Upload>('media', 'announce', {
      ...{ key: newId(), ownerId: of()[1].id, purpose: 'identity-document', subjectId: of()[1].id },
      ...announcing(bytes),
      ...more,
    });
  const read = (url: string | URL, init: RequestInit = {}, at: World = of()[0]) => at.souk.fetch(new Request(url, init));
  return {
    announce,
    /** A document that is sent, checked and attached. */
    async attached(bytes: Buffer, more: object = {}): Promise<string> {
      const [w] = of();
      const upload = await announce(bytes, more);
      const { status } = await sendFile(w, upload, bytes);
      if (status !== 200) throw new Error(`The file was answered ${status}.`);
      await w.step();
      await w.ask('media', 'attach', { id: upload.id });
      return upload.id;
    },
    signed: (id: string, seconds = 60, at: World = of()[0]) =>
      at.ask<{ url: string; expiresAt: string }>('media', 'readPrivate', { id, seconds }),
    read,
    bytesAt: async (url: string, init: RequestInit = {}, at: World = of()[0]) =>
      Buffer.from(await (await read(url, init, at)).arrayBuffer()),
    objects: async (at: World = of()[0]) => (await at.adapters.storage.list('')).map(({ key }) => key),
    storedBytes: async (key: string) => buffer(await of()[0].adapters.storage.read(key)),
  };
}
