import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import type { z } from 'zod';
import type { BodyStream } from '#kernel/body-stream.ts';
import { malformed } from '#kernel/problems.ts';
import type { Media } from './context.ts';
import { doorOf, judged, type Received, receive } from './receive-upload.ts';

const LIMITS = { fields: 20, fieldNameSize: 100, fieldSize: 16 * 1024, files: 1, parts: 21, headerPairs: 20 };

interface Form {
  header: (name: string) => string | undefined;
  stream: BodyStream;
}

/**
 * Takes a file that was announced, as a form. Its fields come first and are judged before a byte of the file is stored.
 * @throws malformed for what is no such form; uploadNotAllowed
 */
export async function receiveForm(ctx: Media, { header, stream }: Form): Promise<z.infer<typeof Received>> {
  const door = doorOf(ctx);
  const parser = readerOf(header('content-type') ?? '');
  const fields = new Map<string, string>();
  let receiving: Promise<z.infer<typeof Received>> | undefined;
  let failed: unknown;
  parser.on('field', (name, value) => fields.set(name.toLowerCase(), value));
  parser.on('file', (name, file) => {
    const take = async () => {
      if (name !== 'file') throw malformed({ reason: 'The file of the form must be called file.' });
      const allowed = await judged(door.judgeForm(fields, ctx.clock.now()));
      return receive(ctx, door, allowed, file);
    };
    receiving = take().finally(() => file.resume());
    receiving.catch((error) => {
      failed = error;
      parser.destroy(error as Error); // nothing more need come
    });
  });
  await pipeline(Readable.from(stream), parser).catch((error) => {
    throw failed ?? (error.name === 'Problem' ? error : malformed({ reason: 'The body is no form of parts (RFC 7578).' }));
  });
  if (!receiving) throw malformed({ reason: 'The form has no file after its fields.' });
  return receiving;
}

function readerOf(contentType: string): BusboyInstance {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS });
  } catch {
    throw malformed({ reason: 'The content type names no boundary.' });
  }
}
