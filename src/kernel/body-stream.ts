import { clientGone, tooLarge, unsupportedMedia } from './problems.ts';
import { mediaTypeOf } from './read-body.ts';
import type { Streams } from './routes.ts';

/** A body as it comes. It can be read once. @throws tooLarge while it is read, clientGone when the connection ends before it is whole */
export interface BodyStream extends AsyncIterable<Uint8Array> {
  /** The type that its sender says, in small letters and without parameters. */
  readonly type: string;
  /** How long its sender says it is; undefined where it is sent in chunks. */
  readonly sizeBytes: number | undefined;
}

export const NO_BODY: BodyStream = { type: '', sizeBytes: 0, async *[Symbol.asyncIterator]() {} };

/** The body of a request, unread. @throws unsupportedMedia, tooLarge: by what the header says of it, before any of it is read */
export function bodyStream(request: Request, { types, orNone, limitBytes }: Streams): BodyStream {
  const { type, charset } = mediaTypeOf(request.headers.get('content-type') ?? '');
  const coding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  const expected = types.join(' or ');
  if (coding !== 'identity' && coding !== '') throw unsupportedMedia({ expected: `${expected}, not compressed` });
  if (!types.includes(type) && !(orNone && type === '')) throw unsupportedMedia({ expected });
  if (type.startsWith('text/') && charset !== 'utf-8') throw unsupportedMedia({ expected: `${expected} in UTF-8` });
  const length = request.headers.get('content-length');
  if (Number(length ?? 0) > limitBytes) throw tooLarge({ limitBytes });
  return {
    type,
    sizeBytes: length === null ? undefined : Number(length),
    [Symbol.asyncIterator]: () => limited(request.body, limitBytes),
  };
}

async function* limited(body: ReadableStream<Uint8Array> | null, limitBytes: number): AsyncGenerator<Uint8Array> {
  if (!body) return;
  let size = 0;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw clientGone();
      });
      if (done) return;
      size += value.length;
      if (size > limitBytes) throw tooLarge({ limitBytes });
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
