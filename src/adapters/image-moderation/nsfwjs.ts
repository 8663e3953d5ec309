import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import type { ImageModeration } from './port.ts';
import type { ScreeningLimits } from './settings.ts';

/** What the model looks at. */
const SIDE = 224;
/** An image takes 0.2 s on one core, and the first one a second more, until the model is loaded. */
const TIME_LIMIT_MS = 20_000;
/** Images that wait for the worker. Two jobs ask at a time. */
const MOST_WAITING = 16;
const LONGEST_REST_MS = 60_000;

export interface Screening {
  limits: ScreeningLimits;
  /** What runs in the thread. */
  script?: URL;
  timeLimitMs?: number;
  /** How long the worker rests after its first failure; twice as long after each further one. */
  restMs?: number;
  /** The heap of JavaScript. WebAssembly and the pixels of one image come on top: 135 MB in all. */
  heapMb?: number;
}

/**
 * Judges by nsfwjs in one thread of its own, one image after the other. A thread that dies or takes too long is ended, and another
 * one is started after a rest; who asks meanwhile has no answer, and asks again.
 */
export function nsfwjs(screening: Screening): ImageModeration & { close(): Promise<void> } {
  const { limits, script = new URL('./nsfwjs/worker.js', import.meta.url), heapMb = 256 } = screening;
  const { timeLimitMs = TIME_LIMIT_MS, restMs = 1000 } = screening;
  let worker: Worker | undefined;
  let failures = 0;
  let restsUntil = 0;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const start = (): Worker => {
    const resourceLimits = { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 16 };
    const started = new Worker(script, { resourceLimits, env: {}, execArgv: [] });
    started.unref();
    started.on('error', () => {}); // those who wait hear of it; an error that nobody hears would end the process
    started.once('exit', () => {
      worker = undefined;
      restsUntil = performance.now() + Math.min(restMs * 2 ** failures, LONGEST_REST_MS);
      failures++;
    });
    return started;
  };

  const classify = async (pixels: Uint8Array<ArrayBuffer>): Promise<Record<string, number>> => {
    if (performance.now() < restsUntil) throw new Error('The thread that screens images has failed and starts again later.');
    worker ??= start();
    const asked = worker;
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(timeLimitMs)]);
    const ended = once(asked, 'exit', { signal }).then(() => {
      throw new Error('The thread that screens images has ended.');
    });
    try {
      const answer = once(asked, 'message', { signal }); // fails with what the worker throws
      asked.postMessage(pixels, [pixels.buffer]);
      const [scores] = await Promise.race([answer, ended]);
      failures = 0;
      return scores;
    } catch (error) {
      await asked.terminate();
      throw new Error('An image could not be screened.', { cause: error });
    } finally {
      over.abort();
      ended.catch(() => {});
    }
  };

  return {
    async judge(jpeg) {
      if (waiting === MOST_WAITING) throw new Error('Too many images wait to be screened.');
      waiting++;
      try {
        const pixels = new Uint8Array(
          await sharp(jpeg).resize(SIDE, SIDE, { fit: 'fill' }).toColourspace('srgb').removeAlpha().raw().toBuffer(),
        );
        const turn = last.then(() => classify(pixels));
        last = turn.catch(() => {});
        const scores = await turn;
        return Object.entries(limits).some(([kind, most]) => (scores[kind] ?? 0) > most) ? 'refused' : 'allowed';
      } finally {
        waiting--;
      }
    },
    async close() {
      await worker?.terminate();
    },
  };
}
