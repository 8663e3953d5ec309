import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
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
  let twice: string | undefined;
  let part: BusboyFileStream | undefined;
  let receiving: Promise<z.infer<typeof Received>> | undefined;
  let failed: unknown;
  parser.on('field', (name, value) => {
    if (fields.has(name.toLowerCase())) twice = name;
    fields.set(name.toLowerCase(), value);
  });
  parser.on('file', (name, file) => {
    part = file;
    file.on('error', (error) => file.destroy(error)); // a form that is cut off says so here, at any time: an error that nobody hears ends the process
    const take = async () => {
      if (name !== 'file') throw malformed({ reason: 'The file of the form must be called file.' });
      if (twice !== undefined) throw malformed({ reason: 'The form has a field twice.' });
      const allowed = await judged(door.judgeForm(fields, ctx.clock.now()));
      return receive(ctx, door, allowed, file);
    };
    receiving = take().finally(() => file.resume());
    receiving.catch((error) => {
      if (file.destroyed) return; // the form itself has failed
      failed = error;
      parser.destroy(error as Error); // nothing more need come
    });
  });
  await pipeline(Readable.from(stream), parser).catch((error) => {
    part?.destroy(error); // whoever reads the file must not wait for what does not come
    throw (
      failed ??
      (error.name === 'Problem' ? error : malformed({ reason: 'The body is not multipart/form-data (RFC 7578), or it was cut off.' }))
    );
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
