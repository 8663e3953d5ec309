import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getGlobalScope } from '@sentry/core';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { closeAtEnd } from '../../../test/closing.ts';
import { testSettings } from '../../../test/settings.ts';
import { ask, workshop } from '../../../test/workshop.ts';
import { type World, world } from '../../../test/world.ts';
import { enqueue, job, runs } from '../../kernel/events.ts';
import { problem, unavailable } from '../../kernel/problems.ts';
import { anyone, post } from '../../kernel/routes.ts';
import { modules } from '../../modules/index.ts';
import { openAdapters } from '../index.ts';
import { scrubbed } from './scrubbed.ts';
import { sentry } from './sentry.ts';

interface Report {
  transaction: string;
  tags: Record<string, string>;
  exception: { values: { type: string; value: string; stacktrace: { frames: { function?: string }[] } }[] };
  contexts: { trace?: { trace_id: string } };
}

/** A Sentry that keeps what it got, or never answers. */
async function receiver(answers = true) {
  const envelopes: string[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer(async (request, reply) => {
    requests.push(request);
    envelopes.push(Buffer.concat(await request.toArray()).toString());
    if (answers) reply.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closeAtEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
  const reports = () => envelopes.map((envelope) => JSON.parse(envelope.split('\n')[2]!) as Report);
  return { dsn: `http://key@127.0.0.1:${(server.address() as AddressInfo).port}/1`, envelopes, requests, reports };
}

const unwell = problem({ code: 'workshop/unwell', status: 409, title: 'Unwell', detail: 'Not today.' });
const mend = job('workshop.mend', z.object({ how: z.string() }), { retries: 3 });
let attempts = 0;
const endings: Record<string, () => Error> = {
  breaks: () => new TypeError('cannot read "my secret words" of bob@example.com', { cause: new Error('at 192.168.7.9') }),
  fails: () => new RangeError(`attempt ${'i'.repeat(++attempts)}`), // another fault each time, which nothing but its attempt hides
  refuses: () => unwell(),
  'is-away': () => unavailable({ retryAfterSeconds: 1 }),
};
const parts = workshop({
  routes: [
    post('/bells/{how}', {
      summary: 'Ring a bell',
      access: anyone,
      body: z.object({ text: z.string() }),
      returns: z.object({}),
      problems: [unwell],
      handle: async (_, { params }) => {
        throw endings[params.how]!();
      },
    }),
  ],
  jobs: [
    runs(mend, async (_, { how }) => {
      throw endings[how]!();
    }),
  ],
});

/** A world that reports to `dsn`, and a way to see that nothing more comes. */
async function opened(dsn: string): Promise<{ w: World; sent: () => Promise<void> }> {
  const errors = await openAdapters(testSettings({ SENTRY_DSN: dsn })).openErrors('1.2.3');
  const w = await world({ modules: [...modules, parts], adapters: { openErrors: async () => errors }, log: pino({ level: 'silent' }) });
  return { w, sent: errors.stop };
}

const FIELDS = ['contexts', 'environment', 'event_id', 'exception', 'level', 'platform', 'release', 'tags', 'timestamp', 'transaction'];
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

test('an unexpected error is reported once, with its place and without data of the caller; refusals are not reported', async () => {
  const { dsn, envelopes, requests, reports } = await receiver();
  const { w, sent } = await opened(dsn);
  const bob = await w.person('bob');
  const rings = (how: string) =>
    bob.post(`/v1/bells/${how}`, { text: 'my secret words' }, { 'x-request-id': `ring-${how}`, traceparent: TRACE });
  getGlobalScope().setUser({ username: 'bob', ip_address: '192.168.7.9' }); // what other code of the process may tell the SDK
  expect((await rings('refuses')).status).toBe(409);
  expect((await rings('is-away')).status).toBe(503);
  expect((await bob.post('/v1/bells/refuses', {})).status).toBe(422);
  for (let again = 0; again < 2; again++) expect((await rings('breaks')).status).toBe(500); // a fault that repeats is told once a minute
  await sent();
  getGlobalScope().setUser(null);

  expect(reports()).toMatchObject([
    {
      transaction: 'postBellsByHow',
      environment: 'test',
      tags: { place: 'postBellsByHow', request: 'ring-breaks' },
      contexts: { trace: { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' } },
      exception: {
        values: [
          { type: 'Error', value: 'at …' },
          { type: 'TypeError', value: 'cannot read … of …' },
        ],
      },
    },
  ]);
  expect(reports()[0]!.exception.values[1]!.stacktrace.frames.length).toBeGreaterThan(2);
  const told = `${envelopes.join()} ${JSON.stringify(requests.map(({ headers }) => headers))}`;
  for (const secret of ['secret words', 'bob', bob.id, bob.token, '192.168', 'infer_ip":"auto']) expect(told).not.toContain(secret);
  expect(Object.keys(reports()[0]!).sort()).toEqual(FIELDS);
}, 20_000);

test('a job that fails at every attempt is reported once: a fault at the first one, a service that is away at the last', async () => {
  const { dsn, reports } = await receiver();
  const { w, sent } = await opened(dsn);
  await ask(w, async (tx) => {
    enqueue(tx, mend, { how: 'fails' });
    enqueue(tx, mend, { how: 'is-away' });
  });
  await w.step();
  expect(await w.sql("select 1 from pgboss.job where name = 'dead letters' or name like '%dead%'")).toHaveLength(2);
  await sent();
  expect(attempts).toBe(4);
  expect(reports().map(({ transaction, exception }) => [transaction, exception.values.at(-1)!.type])).toEqual([
    ['workshop.mend', 'RangeError'],
    ['workshop.mend', 'Problem'],
  ]);
}, 20_000);

test('a Sentry that never answers holds up nothing: few reports are under way, the others are dropped, and a stop takes two seconds', async () => {
  const { dsn, requests } = await receiver(false);
  const errors = sentry({ dsn, environment: 'test' }, '1');
  for (let n = 0; n < 500; n++) errors.report(new Error(`fault ${'x'.repeat(n % 200)}`), { place: `place-${n}` });
  await expect.poll(() => requests.length).toBe(30);
  const began = performance.now();
  await errors.stop();
  expect(performance.now() - began).toBeLessThan(2600);
  expect(requests).toHaveLength(30);
});

test.each([
  ['invalid input syntax for type uuid: "bob@example.com"', 'invalid input syntax for type uuid: …'],
  ["Cannot read properties of undefined (reading 'id')", 'Cannot read properties of undefined (reading …)'],
  ['no mail for bob@example.com', 'no mail for …'],
  ['token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.MEUCIQDx9 is bad', 'token … is bad'],
  ['card 4111 1111 1111 1111', 'card …'],
  ['connect ECONNREFUSED 10.0.0.7:5432', 'connect ECONNREFUSED …:5432'],
  ['from 2001:db8::1', 'from …'],
  ['order 0193e1a2-7c3b-7d55-9f00-0c1d2e3f4a5b', 'order …'],
  ['Expected one row, got 2', 'Expected one row, got 2'],
  ['It took longer than 30 s.', 'It took longer than 30 s.'],
])('%s is told as: %s', (message, told) => {
  expect(scrubbed(message)).toBe(told);
});
