import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Hono } from 'hono';
import { isNoneMatched } from './preconditions.ts';

/** A file that never changes while the process runs: read once, compressed once, sent from memory. */
export interface Asset {
  body: string | Uint8Array;
  type: string;
  cacheControl?: string;
  headers?: Record<string, string>;
}

const SMALL_BYTES = 1000;

/** Serves what `load` reads at the first call. A browser that has it already is answered 304. */
export function serveAsset(app: Hono, path: string, load: () => Asset | Promise<Asset>): void {
  let loading: Promise<Ready> | undefined;
  app.get(path, async (c) => {
    loading ??= Promise.resolve(load()).then(prepare);
    const { plain, packed, headers } = await loading;
    if (isNoneMatched(c.req.header('if-none-match'), headers.etag)) return c.body(null, 304, headers);
    const zipped = packed && /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(c.req.header('accept-encoding') ?? '');
    return zipped ? c.body(packed, 200, { ...headers, 'content-encoding': 'gzip' }) : c.body(plain, 200, headers);
  });
}

interface Ready {
  plain: Uint8Array<ArrayBuffer>;
  packed: Uint8Array<ArrayBuffer> | undefined;
  headers: Record<string, string> & { etag: string };
}

async function prepare({ body, type, cacheControl = 'no-cache', headers }: Asset): Promise<Ready> {
  const plain = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body);
  const packed = plain.length > SMALL_BYTES && !type.startsWith('image/') ? new Uint8Array(await promisify(gzip)(plain)) : undefined;
  const etag = `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`; // of both forms: so a weak one
  return {
    plain,
    packed,
    headers: {
      'x-content-type-options': 'nosniff',
      ...headers,
      'content-type': type,
      'cache-control': cacheControl,
      vary: 'accept-encoding',
      etag,
    },
  };
}
