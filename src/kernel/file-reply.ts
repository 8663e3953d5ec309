import { isNoneMatched } from './preconditions.ts';
import { rangeNotSatisfiable } from './problems.ts';

const FILE = Symbol('file');

/** A part of a file: its first and its last byte. */
export interface ByteRange {
  first: number;
  last: number;
}

/** A file as a reply. Nothing of it is read before its header is sent. */
export interface StoredFile {
  readonly type: string;
  readonly sizeBytes: number;
  /** With its quotes. It changes with the bytes. */
  readonly etag: string;
  /** What a browser saves it as, instead of showing it; pages of other sites then cannot show it either. */
  readonly fileName?: string;
  /** Opens the whole, or a part. Called once at most: not for HEAD, nor for those who have the file already. */
  open(range?: ByteRange): Promise<AsyncIterable<Uint8Array>>;
}

export interface FileReply {
  [FILE]: StoredFile;
}

/** A reply on a route with `sends`. The kernel answers HEAD, ranges (RFC 9110, 14) and If-None-Match. */
export const fileReply = (file: StoredFile): FileReply => ({ [FILE]: file });
export const isFileReply = (answer: unknown): answer is FileReply => typeof answer === 'object' && answer !== null && FILE in answer;

const STREAM = Symbol('stream');

/** A reply that is made while it is sent, so that nobody knows its length. */
export interface StreamReply {
  [STREAM]: { readonly type: string; readonly open: () => AsyncIterable<Uint8Array> };
}

/** A reply on a route with `pours`. It is read as fast as the caller takes it. Where it fails, the connection ends before the end. */
export const streamReply = (type: string, open: () => AsyncIterable<Uint8Array>): StreamReply => ({ [STREAM]: { type, open } });
export const isStreamReply = (answer: unknown): answer is StreamReply => typeof answer === 'object' && answer !== null && STREAM in answer;

export const streamResponse = ({ [STREAM]: { type, open } }: StreamReply, { method }: Request, headers: Headers): Response =>
  new Response(method === 'HEAD' ? null : lazily(async () => open()), { headers: { ...headers, 'content-type': type } });

type Headers = Record<string, string>;

/** @throws rangeNotSatisfiable; malformed for an If-None-Match that is none */
export function fileResponse({ [FILE]: file }: FileReply, { method, headers: asked }: Request, headers: Headers): Response {
  const { etag, sizeBytes, type, fileName } = file;
  const all: Headers = { ...headers, etag, 'accept-ranges': 'bytes' };
  if (fileName === undefined) all['cross-origin-resource-policy'] = 'cross-origin';
  else all['content-disposition'] = `attachment; filename="${fileName.replaceAll(/[^\w.-]/g, '_')}"`;
  if (isNoneMatched(asked.get('if-none-match'), etag)) return new Response(null, { status: 304, headers: all });
  const ifRange = asked.get('if-range');
  const range = ifRange === null || ifRange === etag ? rangeOf(asked.get('range'), sizeBytes) : undefined;
  const { first, last } = range ?? { first: 0, last: sizeBytes - 1 };
  if (range) all['content-range'] = `bytes ${first}-${last}/${sizeBytes}`;
  all['content-type'] = type;
  all['content-length'] = String(last - first + 1);
  const body = method === 'HEAD' ? null : lazily(() => file.open(range));
  return new Response(body, { status: range ? 206 : 200, headers: all });
}

/** One range of bytes; undefined for none, several or other units, which may be answered with the whole. @throws rangeNotSatisfiable */
function rangeOf(header: string | null, sizeBytes: number): ByteRange | undefined {
  const [, from = '', to = ''] = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  const first = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const last = from === '' || to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (first > last) throw rangeNotSatisfiable({ sizeBytes });
  return { first, last };
}

/** Opened when somebody reads, a chunk at a time, and closed when they stop. */
function lazily(open: () => Promise<AsyncIterable<Uint8Array>>): ReadableStream<Uint8Array> {
  let chunks: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        chunks ??= (await open())[Symbol.asyncIterator]();
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks?.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
