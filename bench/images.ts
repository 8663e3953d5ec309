import { randomBytes } from 'node:crypto';
import { loadavg } from 'node:os';
import sharp from 'sharp';
import { inspect, makeSizes } from '../src/modules/media/make-sizes.ts';
import { caller } from './buyers.ts';
import { openDemoShop } from './demo-shop.ts';
import { fire, median } from './load.ts';
import { say } from './report.ts';

/**
 * Images a second through the whole pipeline (signed PUT, checks, sizes, storage, events) beside sharp alone, which makes the same sizes
 * of the same bytes, two at a time; and how long other calls take meanwhile. Settings: BENCH_IMAGES (40), BENCH_PIXELS (2000x1500).
 */
const IMAGES = Number(process.env.BENCH_IMAGES ?? 40);
const [WIDTH = 2000, HEIGHT = 1500] = (process.env.BENCH_PIXELS ?? '2000x1500').split('x').map(Number);
const AT_ONCE = 2;

const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
const photo = await sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: 'gray', noise } })
  .blur(1.5)
  .jpeg({ quality: 88 })
  .toBuffer();
/** The same picture in bytes of its own, so that no two share their files. */
const another = (): Buffer => Buffer.concat([photo, randomBytes(16)]);

async function sharpAlone(): Promise<number> {
  const waiting = Array.from({ length: IMAGES }, another);
  const began = performance.now();
  const worker = async () => {
    for (let bytes = waiting.pop(); bytes; bytes = waiting.pop()) {
      const seen = await inspect(bytes, 'image/jpeg');
      if ('refusal' in seen || !(await makeSizes(bytes, seen.pixels))) throw new Error('The picture was refused.');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return IMAGES / ((performance.now() - began) / 1000);
}

const { server, asked, stop } = await openDemoShop();

interface Announced {
  id: string;
  upload: { url: string; headers: Record<string, string> };
}

/** Sends all, and waits until the last is attached. */
async function throughSouk(): Promise<number> {
  const sue = await caller(server.url, 'sue', 'souk-demo');
  const files = Array.from({ length: IMAGES }, another);
  const uploads: Announced[] = [];
  for (const bytes of files)
    uploads.push(
      await sue<Announced>('/v1/users/profile/picture', { fileName: 'a.jpg', contentType: 'image/jpeg', sizeBytes: bytes.length }),
    );
  const began = performance.now();
  await Promise.all(
    uploads.map(async ({ upload }, n) => {
      const { pathname, search } = new URL(upload.url);
      const reply = await fetch(server.url + pathname + search, {
        method: 'PUT',
        headers: upload.headers,
        body: new Uint8Array(files[n]!),
      });
      if (!reply.ok) throw new Error(`An upload was answered ${reply.status}: ${await reply.text()}`);
    }),
  );
  const isOpen = `select exists (select from media.uploads where state in ('awaiting_upload', 'checking', 'ready')) as open`;
  while ((await asked<{ open: boolean }>(isOpen))[0]?.open) await new Promise((again) => setTimeout(again, 50));
  return IMAGES / ((performance.now() - began) / 1000);
}

try {
  say(
    `${IMAGES} pictures of ${WIDTH} x ${HEIGHT}, ${Math.round(photo.length / 1024)} KB each; load of the machine ${loadavg()[0]!.toFixed(1)}`,
  );
  const rounds = [1, 2, 3];
  const alone: number[] = [];
  const whole: number[] = [];
  for (const _ of rounds) {
    alone.push(await sharpAlone());
    whole.push(await throughSouk());
  }
  say(`sharp alone, two at a time   ${median(alone).toFixed(2)} images/s`);
  say(`through Souk                 ${median(whole).toFixed(2)} images/s`);
  const calls = (seconds: number) => fire({ url: server.url, connections: 2, seconds, next: () => ({ path: '/v1/categories' }) });
  const calm = await calls(5);
  const [, busy] = await Promise.all([throughSouk(), calls(5)]);
  say(`GET /v1/categories           p50 ${calm.p50} ms, p99 ${calm.p99} ms; while images are made p50 ${busy.p50} ms, p99 ${busy.p99} ms`);
  say(`memory of the server         ${server.memory()} MB`);
} finally {
  await stop();
}
