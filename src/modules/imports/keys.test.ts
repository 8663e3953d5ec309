import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { fileOf, sendProducts } from '../../../test/importing.ts';
import type { Person } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let mona: Person;

beforeAll(async () => {
  w = await world();
  mona = await w.person('mona', ['catalog-manager']);
});

test('a file in another encoding than UTF-8 is refused by what its header says', async () => {
  const file = fileOf('ENC-1,Hat Zora,,,,,,,1,USD,1');
  const sent = (type: string) => sendProducts(w, mona, file, { 'content-type': type });
  expect(await sent('text/csv; charset=iso-8859-1')).toBeProblem(415, 'unsupported-media-type');
  expect((await sent('text/csv; header=present; charset="UTF-8"')).status).toBe(202);
  await w.step();
});

test('a file is one import per key, in a crowd too; another file under the key is refused, and one that broke off leaves it free', async () => {
  const staff = await w.person('mona', ['catalog-manager']);
  const key = { 'idempotency-key': randomUUID() };
  const file = fileOf('KEY-1,Kite Yola,,,,,,,1,USD,7');
  expect(await sendProducts(w, staff, fileOf('KEY-1,"Kite'), key)).toBeProblem(422, 'imports/unreadable');
  const broken = new ReadableStream({
    pull(controller) {
      if (controller.desiredSize) controller.enqueue(new TextEncoder().encode(`${file}\n`));
      controller.error(new Error('the connection ended'));
    },
  });
  expect((await sendProducts(w, staff, broken, key)).status).toBeGreaterThanOrEqual(400);
  const crowd = await Promise.all(Array.from({ length: 5 }, () => sendProducts(w, staff, file, key)));
  for (const reply of crowd) expect([202, 409]).toContain(reply.status);
  expect(new Set(crowd.flatMap(({ status, body }) => (status === 202 ? [body.id] : []))).size).toBe(1);
  await w.step();
  const again = await sendProducts(w, staff, file, key);
  expect([again.status, again.headers.get('idempotent-replayed'), again.body.state]).toEqual([202, 'true', 'done']);
  expect(again.body.id).toBe(crowd.find(({ status }) => status === 202)?.body.id);
  expect(await sendProducts(w, staff, `${file}\n`, key)).toBeProblem(422, 'idempotency-key-reused');
  const reply = await w.fetch('/v1/imports/products', {
    method: 'POST',
    headers: { authorization: `Bearer ${staff.token}`, 'content-type': 'text/csv' },
    body: file,
  });
  expect(await reply).toBeProblem(400, 'idempotency-key-missing');
});
