import { unavailable } from '#kernel/problems.ts';
import { budget } from './budget.ts';

interface Turns {
  /** Files that are read at a time. */
  readonly places: number;
  /** Files that are received or wait. A waiting file has up to 64 KB in memory, which arrived with its header. */
  readonly most: number;
  /** How long they wait. The gateway gives up after 30 s. */
  readonly waitMs: number;
  /** How long the process waits for a slow sender in all before the next file begins beside it. */
  readonly patienceMs: number;
}

type Chunks = AsyncIterable<Uint8Array>;
/** Has `read` read a file once it is its turn. */
export type InTurn = <T>(chunks: Chunks, read: (chunks: Chunks) => Promise<T>) => Promise<T>;

/**
 * Has files come a few at a time, because each one that is read has buffers on its way to the store. Slow senders fill no buffers, so
 * they do not make others wait.
 * @throws unavailable when too many are there, and when a turn does not come in time
 */
export function turns({ places, most, waitMs, patienceMs }: Turns) {
  const refuse = () => unavailable({ retryAfterSeconds: 5, reason: 'Too many files are being sent at this moment. Send this one again.' });
  const reading = budget(places, { afterMs: waitMs, refuse });
  let here = 0;
  return async <T>(store: (inTurn: InTurn) => Promise<T>): Promise<T> => {
    if (here >= most) throw refuse();
    here++;
    try {
      return await store((chunks, read) => reading(1, (free) => read(watched(chunks, patienceMs, free))));
    } finally {
      here--;
    }
  };
}

async function* watched(chunks: Chunks, patienceMs: number, onSlow: () => void): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let patience = patienceMs;
  try {
    for (;;) {
      const askedAt = performance.now();
      const timer = setTimeout(onSlow, Math.max(patience, 1));
      const { done, value } = await iterator.next().finally(() => clearTimeout(timer));
      patience -= performance.now() - askedAt;
      if (done) return;
      yield value;
      free(value);
    }
  } finally {
    await iterator.return?.();
  }
}

/** Frees the memory of a chunk that is stored. Without this, 60 MB more are in use until the garbage is collected. */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** Of this process. */
export const uploads = turns({ places: 16, most: 200, waitMs: 20_000, patienceMs: 2000 });
