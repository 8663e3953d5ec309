import { beforeAll, describe, expect, test } from 'vitest';
import { type Person, usd } from '../../../test/people.ts';
import { scriptVectors } from '../../../test/script-vectors.ts';
import { type World, world } from '../../../test/world.ts';

/** What people write is text: it is kept as it was typed, and leaves as text that no browser runs. */

let w: World;
let bob: Person;
let mia: Person;
let id: string;
let product: string;

beforeAll(async () => {
  w = await world();
  product = await (await w.admin()).lists({ price: usd(5_00) });
  [bob, mia] = [await w.person('bob'), await w.person('mia', ['moderator'])];
  id = (await bob.post(`/v1/products/${product}/reviews`, { rating: 3, comment: 'Fine.' })).body.id;
});

test('there are many, and no two are the same', () => {
  expect(scriptVectors.length).toBeGreaterThan(90);
  expect(new Set(scriptVectors).size).toBe(scriptVectors.length);
});

test.each(scriptVectors.map((vector) => [vector]))('%j comes back as it was typed, as text', async (comment) => {
  const changed = await bob.patch(`/v1/reviews/${id}`, { comment });
  expect(changed.status).toBe(200);
  if (changed.body.state === 'pending') await mia.post(`/v1/reviews/${id}/moderation`, { action: 'approve' }); // it holds a link
  const paths = [`/v1/reviews/${id}`, `/v1/products/${product}/reviews`, '/v1/customers/bob/reviews'];
  for (const reply of [changed, ...(await Promise.all(paths.map((path) => w.get(path))))]) {
    const review = reply.body.items ? reply.body.items[0] : reply.body;
    expect(Buffer.from(review.comment)).toEqual(Buffer.from(comment));
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
    expect(reply.headers.get('content-security-policy')).toContain("default-src 'none'");
  }
  expect(await w.sql('select comment from reviews.reviews where id = $1', [id])).toEqual([{ comment }]);
});

describe('a comment', () => {
  test.each([
    ['', 'nothing'],
    [' \n\t', 'blank'],
    ['\u200b\u202e\u3164', 'nothing that is seen'],
    ['x'.repeat(5001), 'too long'],
    ['\ud800', 'half a character'],
    ['a\u0000b', 'NUL'],
    ['\u001b[31mred', 'a control character'],
    ['abc\u202Egpj.exe', 'text that runs backwards'],
    ['a \u2067b', 'an isolate that is left open'],
    [7, 'a number'],
    [null, 'null'],
  ])('is refused when it is %j: %s', async (comment, _) => {
    expect(await bob.patch(`/v1/reviews/${id}`, { comment })).toBeProblem(422, 'invalid');
  });

  test('may be Arabic, with its marks and isolates', async () => {
    const comment = 'جميل جداً\u200F (حقاً)\u200E\nاتصل بالمحل: \u2066Souk 2\u2069';
    expect((await bob.patch(`/v1/reviews/${id}`, { comment })).body.comment).toBe(comment);
  });

  test('may have 5000 characters of any language', async () => {
    const comment = 'جميل 👍 '.repeat(625);
    expect((await bob.patch(`/v1/reviews/${id}`, { comment })).body.comment).toBe(comment);
  });
});
