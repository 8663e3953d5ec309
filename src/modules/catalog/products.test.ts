import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { PLATFORM_SELLER, productStates } from '#catalog';
import { newId } from '#kernel/ids.ts';
import { type Person, tnd, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import { type ProductCommand, stateAfter, transitions, wrongState } from './product-state.ts';

let w: World;
let sue: Person;
let root: Person;
let reviewer: Person;

beforeAll(async () => {
  w = await world();
  [sue, root, reviewer] = [await w.seller('sue'), await w.admin(), await w.person('rita', ['catalog-manager'])];
});

const lamp = {
  name: 'Lamp',
  category: 'electronics',
  type: 'Desk lamp',
  brand: 'Luma',
  description: 'It bends.',
  price: usd(20_00),
  stock: 5,
};
const shirt = {
  name: 'Shirt',
  variants: [
    { sku: 'R-M', options: { color: 'red', size: 'M' }, price: usd(15_00), stock: 2 },
    { sku: 'R-L', options: { color: 'red', size: 'L' }, price: usd(16_00), stock: 3 },
    { options: { color: 'blue', size: 'M' }, price: usd(14_00), stock: 0 },
  ],
};
const draftOf = async (seller: Person, product: object = lamp): Promise<string> => (await seller.post('/v1/products', product)).body.id;

describe('listing a product', () => {
  test('of a seller makes a draft of theirs, with one variant where there is one price', async () => {
    const { status, body, headers } = await sue.post('/v1/products', lamp);
    expect(status).toBe(201);
    expect(headers.get('etag')).toBe('"1"');
    expect(body).toMatchObject({
      ...{ name: 'Lamp', category: 'electronics', type: 'Desk lamp', brand: 'Luma', description: 'It bends.', price: usd(20_00), stock: 5 },
      ...{ seller: { id: sue.id, username: 'sue' }, state: 'draft', images: [], rating: { average: null, count: 0 }, version: 1 },
      variants: [{ sku: null, options: {}, price: usd(20_00), stock: 5 }],
    });
    expect((await w.get(`/v1/products/${body.id}`)).status).toBe(404);
    expect((await w.sql('select subject, actor_id from kernel.audit where subject = $1', [body.id]))[0]).toMatchObject({
      actor_id: sue.id,
    });
  });

  test("of the staff is the shop's own, and public at once", async () => {
    const { body } = await reviewer.post('/v1/products', { ...lamp, category: undefined });
    expect(body).toMatchObject({ state: 'approved', seller: PLATFORM_SELLER, category: null });
    expect((await w.get(`/v1/products/${body.id}`)).body).toMatchObject({ id: body.id, name: 'Lamp' });
  });

  test('with variants shows the lowest price and the sum of the stock', async () => {
    const { body } = await reviewer.post('/v1/products', shirt);
    expect(body).toMatchObject({ price: usd(14_00), stock: 5 });
    expect(body.variants.map((variant: { options: object; stock: number }) => [variant.options, variant.stock])).toEqual([
      [{ color: 'red', size: 'M' }, 2],
      [{ color: 'red', size: 'L' }, 3],
      [{ color: 'blue', size: 'M' }, 0],
    ]);
  });

  test('twice under one key is once, alone and in a crowd', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(Array.from({ length: 10 }, () => sue.post('/v1/products', shirt, key)));
    expect(new Set(replies.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    const again = await sue.post('/v1/products', shirt, key);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toMatchObject({ id: replies[0]!.body.id, stock: 5 });
    expect(await sue.post('/v1/products', lamp, key)).toBeProblem(422, 'idempotency-key-reused');
    const bob = await w.person('bob');
    expect((await bob.post('/v1/products', shirt, key)).body.id).not.toBe(again.body.id);
  });

  const refusals: [what: string, body: object, pointer: string][] = [
    ['neither price nor variants', { name: 'x' }, '/price'],
    ['both price and variants', { ...shirt, price: usd(1) }, '/price'],
    ['stock beside variants', { ...shirt, stock: 1 }, '/stock'],
    ['no name', { ...lamp, name: ' ' }, '/name'],
    ['a name of 201 letters', { ...lamp, name: 'x'.repeat(201) }, '/name'],
    ['a price of nothing', { ...lamp, price: usd(0) }, '/price/amount'],
    ['a price of halves', { ...lamp, price: usd(0.5) }, '/price/amount'],
    ['a price beyond counting', { ...lamp, price: usd(2 ** 53 - 1) }, '/price/amount'],
    ['a currency that is none', { ...lamp, price: { amount: 1, currency: 'XXX' } }, '/price/currency'],
    ['stock below zero', { ...lamp, stock: -1 }, '/stock'],
    ['a field that is none', { ...lamp, seller: 'bob' }, '/seller'],
    ['two currencies', { ...shirt, variants: [shirt.variants[0], { ...shirt.variants[1], price: tnd(1000) }] }, '/variants'],
    [
      '101 variants',
      { name: 'x', variants: Array.from({ length: 101 }, (_, n) => ({ options: { n: `${n}` }, price: usd(1), stock: 0 })) },
      '/variants',
    ],
    [
      'an option of two lines',
      { name: 'x', variants: [{ options: { color: 'a\nb' }, price: usd(1), stock: 0 }] },
      '/variants/0/options/color',
    ],
    ['the character that no text may hold', { ...lamp, description: 'a\u0000b' }, '/description'],
  ];
  test.each(refusals)('is refused with %s', async (_, body, pointer) => {
    const refused = await sue.post('/v1/products', body);
    expect(refused).toBeProblem(422, 'invalid');
    expect(refused.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  test('is refused in a category that does not exist, or with variants that cannot be told apart', async () => {
    expect(await sue.post('/v1/products', { ...lamp, category: 'nowhere' })).toBeProblem(409, 'catalog/unknown-category');
    const twins = [0, 1].map(() => ({ options: { color: 'red' }, price: usd(1), stock: 0 }));
    expect(await sue.post('/v1/products', { name: 'x', variants: twins })).toBeProblem(409, 'catalog/variants-alike');
  });

  test('takes a hundred variants', async () => {
    const variants = Array.from({ length: 100 }, (_, n) => ({ options: { number: `${n}` }, price: usd(n + 1), stock: n }));
    const { status, body } = await sue.post('/v1/products', { name: 'Beads', variants });
    expect([status, body.variants.length, body.stock]).toEqual([201, 100, 4950]);
  });

  test('keeps every text as it was meant: other scripts, markup, SQL', async () => {
    const texts = [
      'مصباح أنيق',
      '<script>alert(1)</script>',
      "'; drop table catalog.products; --",
      '{"a": "\\u0000"} \\ " %s $1',
      '黒いランプ 🪔',
      'Ünïcödé №½',
      'e\u0301',
      '$$ :name $(x)',
    ];
    for (const text of texts) {
      const product = {
        name: text,
        type: text,
        brand: text,
        description: text,
        variants: [{ sku: text, options: { [text.slice(0, 40)]: text }, price: usd(1), stock: 1 }],
      };
      const { status, body } = await root.post('/v1/products', product);
      expect([status, body.name], text).toEqual([201, text]);
      const { body: shown } = await w.get(`/v1/products/${body.id}`);
      const { body: listed } = await w.get(`/v1/products?q=${encodeURIComponent(text)}&brand=${encodeURIComponent(text)}`);
      const found = listed.items.find((item: { id: string }) => item.id === body.id);
      for (const each of [shown, found ?? shown]) {
        expect(each).toMatchObject({ name: text, type: text, brand: text, description: text });
        expect(each.variants[0]).toMatchObject({ sku: text, options: { [text.slice(0, 40)]: text } });
      }
    }
  });
});

describe('the states of a product', () => {
  test('allow exactly what the table says', () => {
    const commands: ProductCommand[] = ['submit', 'approve', 'reject', 'archive'];
    for (const from of productStates) {
      for (const command of commands) {
        const way = transitions.find((transition) => transition.from === from && transition.command === command);
        if (way) expect(stateAfter(from, command)).toBe(way.to);
        else expect(() => stateAfter(from, command)).toThrow(expect.objectContaining({ code: wrongState.code }));
      }
    }
    expect(transitions).toHaveLength(8);
  });

  test('are kept by the routes, whatever order the commands come in', async () => {
    const paths = { submit: sue, approve: reviewer, reject: reviewer } as const;
    const reach: Record<string, (keyof typeof paths)[]> = {
      draft: [],
      submitted: ['submit'],
      approved: ['submit', 'approve'],
      rejected: ['submit', 'reject'],
    };
    const run = (command: keyof typeof paths, id: string) =>
      paths[command].post(`/v1/products/${id}/${command}`, command === 'reject' ? { reason: 'too short' } : undefined);
    for (const [state, way] of Object.entries(reach)) {
      for (const command of Object.keys(paths) as (keyof typeof paths)[]) {
        const id = await draftOf(sue);
        for (const step of way) expect((await run(step, id)).status).toBe(200);
        const reply = await run(command, id);
        const lawful = transitions.find((transition) => transition.from === state && transition.command === command);
        if (lawful) expect(reply.body).toMatchObject({ state: lawful.to });
        else expect(reply, `${command} of ${state}`).toBeProblem(409, 'catalog/wrong-state');
      }
    }
  });

  test('a draft is submitted, rejected with a reason, mended, submitted again and approved; then everybody sees it', async () => {
    const id = await draftOf(sue);
    expect((await sue.post(`/v1/products/${id}/submit`)).body).toMatchObject({ state: 'submitted' });
    expect((await reviewer.get('/v1/products?state=submitted')).body.items.map((item: { id: string }) => item.id)).toContain(id);
    await reviewer.post(`/v1/products/${id}/reject`, { reason: 'Say how bright it is.' });
    expect((await sue.get(`/v1/products/${id}`)).body).toMatchObject({ state: 'rejected', rejection: 'Say how bright it is.' });
    await sue.patch(`/v1/products/${id}`, { description: 'It bends, 400 lumen.' });
    await sue.post(`/v1/products/${id}/submit`);
    expect((await w.get(`/v1/products/${id}`)).status).toBe(404);
    const approved = await reviewer.post(`/v1/products/${id}/approve`);
    expect(approved.body).toMatchObject({ state: 'approved', description: 'It bends, 400 lumen.' });
    expect(approved.body.rejection).toBeUndefined();
    expect((await w.get(`/v1/products/${id}`)).body).toMatchObject({ id, state: 'approved', seller: { username: 'sue' } });
  });

  test('publishing is told once, by an event', async () => {
    const id = await draftOf(sue);
    await sue.post(`/v1/products/${id}/submit`);
    await reviewer.post(`/v1/products/${id}/approve`);
    const told = await w.sql("select payload from kernel.outbox where name = 'catalog.product-published.v1' and subject = $1", [id]);
    expect(told).toEqual([{ payload: { productId: id, sellerId: sue.id } }]);
  });

  test('a new name of an approved product waits, while the approved one stays; its price changes at once', async () => {
    const id = await sue.lists({ name: 'Candle', price: usd(3_00) });
    const changed = await sue.patch(`/v1/products/${id}`, { name: 'Golden candle', description: 'Not gold.', price: usd(2_50) });
    expect(changed.body).toMatchObject({ name: 'Candle', price: usd(2_50), pending: { name: 'Golden candle', description: 'Not gold.' } });
    const seen = (await w.get(`/v1/products/${id}`)).body;
    expect(seen).toMatchObject({ name: 'Candle', price: usd(2_50), state: 'approved' });
    expect(seen.pending).toBeUndefined();
    expect((await reviewer.get('/v1/products?state=pending')).body.items.map((item: { id: string }) => item.id)).toContain(id);

    await reviewer.post(`/v1/products/${id}/approve`);
    expect((await w.get(`/v1/products/${id}`)).body).toMatchObject({ name: 'Golden candle', description: 'Not gold.' });

    await sue.patch(`/v1/products/${id}`, { name: 'Free money' });
    const refused = await reviewer.post(`/v1/products/${id}/reject`, { reason: 'No.' });
    expect(refused.body).toMatchObject({ name: 'Golden candle', state: 'approved', rejection: 'No.' });
    expect(refused.body.pending).toBeUndefined();
    expect((await w.get(`/v1/products/${id}`)).body.rejection).toBeUndefined();
  });

  test('what staff change shows at once', async () => {
    const id = await sue.lists({ name: 'Candel', price: usd(3_00) });
    await reviewer.patch(`/v1/products/${id}`, { name: 'Candle' });
    expect((await w.get(`/v1/products/${id}`)).body).toMatchObject({ name: 'Candle' });
  });

  test('an archived product is gone for everybody, and cannot be bought', async () => {
    const id = await sue.lists({ price: usd(3_00) });
    expect((await sue.delete(`/v1/products/${id}`)).status).toBe(204);
    for (const who of [w, sue, reviewer]) expect((await who.get(`/v1/products/${id}`)).status).toBe(404);
    expect(await sue.post(`/v1/products/${id}/submit`)).toBeProblem(404, 'not-found');
    await expect(w.ask('catalog', 'price', { lines: [{ productId: id, quantity: 1 }] })).rejects.toMatchObject({
      code: 'catalog/unknown-product',
    });
  });

  test("a reviewer's If-Match approves what was read, and nothing newer", async () => {
    const id = await draftOf(sue);
    const submitted = await sue.post(`/v1/products/${id}/submit`);
    const etag = { 'if-match': submitted.headers.get('etag')! };
    await sue.patch(`/v1/products/${id}`, { description: 'Something else.' });
    for (const command of ['approve', 'reject'])
      expect(await reviewer.post(`/v1/products/${id}/${command}`, { reason: 'x' }, etag)).toBeProblem(412, 'version-mismatch');
    expect(await sue.post(`/v1/products/${id}/submit`, undefined, { 'if-match': '"1"' })).toBeProblem(412, 'version-mismatch');
    expect((await reviewer.post(`/v1/products/${id}/approve`)).status).toBe(200);
  });
});

describe('changing a product', () => {
  test('is a merge patch: what is absent stays, null empties', async () => {
    const id = await draftOf(sue);
    const { body, headers } = await sue.patch(`/v1/products/${id}`, { brand: null, type: 'Floor lamp' });
    expect(body).toMatchObject({ brand: null, type: 'Floor lamp', category: 'electronics', name: 'Lamp', version: 2 });
    expect(headers.get('etag')).toBe('"2"');
    expect((await sue.patch(`/v1/products/${id}`, { category: 'nowhere' })).status).toBe(409);
    expect(await sue.patch(`/v1/products/${id}`, { name: null })).toBeProblem(422, 'invalid');
  });

  test('honours If-Match', async () => {
    const id = await draftOf(sue);
    const old = { 'if-match': '"1"' };
    expect((await sue.patch(`/v1/products/${id}`, { brand: 'Nova' }, old)).status).toBe(200);
    const refused = await sue.patch(`/v1/products/${id}`, { brand: 'Vega' }, old);
    expect(refused).toBeProblem(412, 'version-mismatch');
    expect(refused.body.current).toBe(2);
    expect(await sue.delete(`/v1/products/${id}`, old)).toBeProblem(412, 'version-mismatch');
  });

  test('replaces the variants: known ones keep their stock, new ones bring theirs, the others go', async () => {
    const { body: made } = await sue.post('/v1/products', shirt);
    const [medium, large] = made.variants;
    const { body } = await sue.patch(`/v1/products/${made.id}`, {
      variants: [
        { id: large.id, options: medium.options, price: usd(17_00) },
        { id: medium.id, options: large.options, price: usd(15_00), sku: null },
        { options: { color: 'green', size: 'S' }, price: usd(12_00), stock: 7 },
      ],
    });
    expect(body).toMatchObject({ price: usd(12_00), stock: 12 });
    expect(body.variants.map((variant: Record<string, unknown>) => [variant.id, variant.sku, variant.options, variant.stock])).toEqual([
      [large.id, 'R-L', { color: 'red', size: 'M' }, 3],
      [medium.id, null, { color: 'red', size: 'L' }, 2],
      [expect.any(String), null, { color: 'green', size: 'S' }, 7],
    ]);
    await w.step();
    expect((await sue.get(`/v1/products/${made.id}`)).body).toEqual(body);
  });

  test('refuses variants that are not its own, stand there twice, or bring stock without a reason', async () => {
    const { body: made } = await sue.post('/v1/products', shirt);
    const path = `/v1/products/${made.id}`;
    const variant = { id: made.variants[0].id, options: { color: 'red' }, price: usd(1) };
    expect(await sue.patch(path, { variants: [{ ...variant, id: newId() }] })).toBeProblem(404, 'not-found');
    expect(await sue.patch(path, { variants: [variant, { ...variant, options: {} }] })).toBeProblem(422, 'invalid');
    expect(await sue.patch(path, { variants: [{ ...variant, stock: 9 }] })).toBeProblem(422, 'invalid');
    expect(await sue.patch(path, { variants: [variant, { options: { color: 'red' }, price: usd(2) }] })).toBeProblem(
      409,
      'catalog/variants-alike',
    );
    expect(await sue.patch(path, { price: usd(5) })).toBeProblem(409, 'catalog/variant-needed');
  });

  test("is for its owner and the staff of the catalog: somebody else's is not there", async () => {
    const id = await sue.lists({ price: usd(1_00) });
    const eve = await w.person('eve');
    const calls = [
      eve.patch(`/v1/products/${id}`, { variants: [{ options: {}, price: usd(1), stock: 1 }] }),
      eve.delete(`/v1/products/${id}`),
      eve.post(`/v1/products/${id}/submit`),
      eve.post(`/v1/products/${id}/stock`, { change: 1, reason: 'x' }),
      eve.get(`/v1/products/${id}/stock`),
      eve.get(`/v1/products/${await draftOf(sue)}`),
    ];
    for (const reply of await Promise.all(calls)) expect(reply).toBeProblem(404, 'not-found');
    for (const command of ['approve', 'reject'])
      expect(await eve.post(`/v1/products/${id}/${command}`, { reason: 'x' })).toBeProblem(403, 'forbidden');
    expect(await w.post('/v1/products', lamp)).toBeProblem(401, 'unauthenticated');
  });

  test('is safe in a crowd: two changes of one version, one wins', async () => {
    const id = await draftOf(sue);
    const replies = await Promise.all(
      ['a', 'b', 'c', 'd'].map((brand) => sue.patch(`/v1/products/${id}`, { brand }, { 'if-match': '"1"' })),
    );
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412]);
  });
});

describe('stock', () => {
  test('is added and taken away with a reason, and remembered', async () => {
    const id = await sue.lists({ price: usd(1_00), stock: 5 });
    const added = await sue.post(`/v1/products/${id}/stock`, { change: 3, reason: 'delivery of Monday' });
    expect([added.status, added.body]).toEqual([201, expect.objectContaining({ change: 3, onHand: 8, reason: 'delivery of Monday' })]);
    await reviewer.post(`/v1/products/${id}/stock`, { change: -2, reason: 'broken' });
    expect((await w.get(`/v1/products/${id}`)).body.stock).toBe(6);
    const history = await sue.get(`/v1/products/${id}/stock?limit=2`);
    expect(history.body.items.map((item: { reason: string }) => item.reason)).toEqual(['broken', 'delivery of Monday']);
    const rest = await sue.get(`/v1/products/${id}/stock?limit=2&cursor=${history.body.nextCursor}`);
    expect(rest.body).toMatchObject({ items: [{ change: 5, reason: 'opening stock' }], nextCursor: null });
  });

  test('never goes below zero, and moves once per key', async () => {
    const id = await sue.lists({ price: usd(1_00), stock: 5 });
    const path = `/v1/products/${id}/stock`;
    const refused = await sue.post(path, { change: -6, reason: 'x' });
    expect(refused).toBeProblem(409, 'inventory/below-zero');
    expect(refused.body.available).toBe(5);
    const key = { 'idempotency-key': randomUUID() };
    await Promise.all([1, 2, 3].map(() => sue.post(path, { change: -4, reason: 'x' }, key)));
    const again = await sue.post(path, { change: -4, reason: 'x' }, key);
    expect([again.headers.get('idempotent-replayed'), again.body.onHand]).toEqual(['true', 1]);
    expect(await sue.post(path, { change: -1, reason: 'x' }, key)).toBeProblem(422, 'idempotency-key-reused');
    const unkeyed = await w.fetch(path, {
      method: 'POST',
      headers: { authorization: `Bearer ${sue.token}`, 'content-type': 'application/json' },
      body: '{"change":1,"reason":"x"}',
    });
    expect(unkeyed).toBeProblem(400, 'idempotency-key-missing');
    expect(await sue.post(path, { change: 0, reason: 'x' })).toBeProblem(422, 'invalid');
  });

  test('of several variants needs to know which', async () => {
    const id = await draftOf(sue, shirt);
    const refused = await sue.post(`/v1/products/${id}/stock`, { change: 1, reason: 'x' });
    expect(refused).toBeProblem(409, 'catalog/variant-needed');
    const variantId = refused.body.variants[2].id;
    expect((await sue.post(`/v1/products/${id}/stock`, { variantId, change: 4, reason: 'x' })).body).toMatchObject({
      variantId,
      onHand: 4,
    });
    expect(await sue.post(`/v1/products/${id}/stock`, { variantId: newId(), change: 4, reason: 'x' })).toBeProblem(404, 'not-found');
  });

  test('in lists follows the events, whatever order they come in and however often', async () => {
    const id = await root.lists({ name: 'Tide clock', price: usd(1_00), stock: 5 });
    const listed = async () => (await w.get('/v1/products?q=tide%20clock')).body.items[0];
    const { variants } = (await w.get(`/v1/products/${id}`)).body;
    await w.step();
    await w.ask('inventory', 'take', { key: newId(), lines: [{ variantId: variants[0].id, quantity: 5 }] });
    expect(await listed()).toMatchObject({ stock: 5 });
    await w.step();
    expect(await listed()).toMatchObject({ stock: 0, variants: [{ stock: 0 }] });
    expect((await w.get('/v1/products?q=tide%20clock&inStock=true')).body.items).toEqual([]);
    await w.sql("select catalog.copy_levels(array[$1]::uuid[], '{99}', '{1}')", [variants[0].id]);
    expect(await listed()).toMatchObject({ stock: 0 });
    await root.post(`/v1/products/${id}/stock`, { change: 2, reason: 'x' });
    await w.step();
    expect((await w.get('/v1/products?q=tide%20clock&inStock=true')).body.items[0]).toMatchObject({ stock: 2 });
  });

  test('copied by two batches about one product at once loses neither', async () => {
    const { body } = await root.post('/v1/products', { ...shirt, name: 'Race shirt' });
    const [a, b, c] = body.variants.map((variant: { id: string }) => variant.id);
    const copies = Array.from({ length: 20 }, (_, n) =>
      w.sql(
        'select catalog.copy_levels($1::uuid[], $2, $3)',
        n % 2
          ? [
              [a, b],
              [n, n],
              [n + 2, n + 2],
            ]
          : [
              [c, a],
              [n, n],
              [n + 2, n + 2],
            ],
      ),
    );
    await Promise.all(copies);
    const [row] = await w.sql<{ document: string; stock: number }>('select document, stock::int from catalog.products where id = $1', [
      body.id,
    ]);
    expect(JSON.parse(row!.document)).toMatchObject({ stock: 19 + 19 + 18, variants: [{ stock: 19 }, { stock: 19 }, { stock: 18 }] });
    expect(row!.stock).toBe(56);
  });
});

describe('what others ask of the catalog', () => {
  const price = (...lines: object[]) => w.ask<{ lines: Record<string, unknown>[] }>('catalog', 'price', { lines });

  test('prices lines in the order asked, in one statement', async () => {
    const { body: red } = await root.post('/v1/products', shirt);
    const cheap = await sue.lists({ name: 'Cheap', price: usd(1_00) });
    let priced: { lines: Record<string, unknown>[] } | undefined;
    const statements = await w.statements(async () => {
      priced = await price(
        { productId: cheap, quantity: 2 },
        { productId: red.id, options: { size: 'L' }, quantity: 1 },
        { variantId: red.variants[0].id, quantity: 3 },
        { productId: cheap, quantity: 1 },
      );
    });
    expect(statements).toHaveLength(1);
    expect(priced!.lines).toMatchObject([
      { productId: cheap, name: 'Cheap', quantity: 2, unitPrice: usd(1_00), options: {}, seller: { id: sue.id, username: 'sue' } },
      { variantId: red.variants[1].id, unitPrice: usd(16_00), quantity: 1, seller: PLATFORM_SELLER },
      { variantId: red.variants[0].id, unitPrice: usd(15_00), quantity: 3 },
      { productId: cheap, quantity: 1 },
    ]);
  });

  test('asks which variant when several fit, and takes the one that has no more options than asked', async () => {
    const { body } = await root.post('/v1/products', {
      name: 'Cable',
      variants: [
        { options: { length: '1 m' }, price: usd(5_00), stock: 1 },
        { options: { length: '1 m', color: 'white' }, price: usd(6_00), stock: 1 },
        { options: { length: '2 m' }, price: usd(7_00), stock: 1 },
      ],
    });
    expect((await price({ productId: body.id, options: { length: '1 m' }, quantity: 1 })).lines[0]).toMatchObject({ unitPrice: usd(5_00) });
    expect((await price({ productId: body.id, options: { COLOR: 'White' }, quantity: 1 })).lines[0]).toMatchObject({
      unitPrice: usd(6_00),
    });
    await expect(price({ productId: body.id, quantity: 1 })).rejects.toMatchObject({
      code: 'catalog/variant-needed',
      extra: { variants: expect.any(Array) },
    });
  });

  test('knows only what is for sale', async () => {
    const draft = await draftOf(sue);
    const { variants } = (await sue.get(`/v1/products/${draft}`)).body;
    const other = await sue.lists({ price: usd(1_00) });
    for (const line of [
      { productId: draft },
      { variantId: variants[0].id },
      { productId: newId() },
      { productId: other, variantId: variants[0].id },
      {},
    ]) {
      await expect(price({ ...line, quantity: 1 })).rejects.toMatchObject({ code: 'catalog/unknown-product' });
    }
  });

  test('finds a good by its name, letter case aside, with its stock of this moment', async () => {
    const id = await root.lists({ name: 'Crème Brûlée', price: usd(4_00), stock: 3 });
    const find = (name: string) => w.ask<Record<string, unknown>>('catalog', 'findGood', { name });
    for (const name of ['Crème Brûlée', 'CRÈME BRÛLÉE', 'creme brulee']) expect(await find(name)).toMatchObject({ id, stock: 3 });
    const plain = await root.lists({ name: 'Creme Brulee', price: usd(3_00) });
    expect(await find('creme brulee')).toMatchObject({ id: plain });
    expect(await find('crème brûlée')).toMatchObject({ id });
    await root.lists({ name: 'creme brulee', price: usd(2_00) });
    await expect(find('Creme Brulee')).rejects.toMatchObject({
      code: 'catalog/name-not-unique',
      extra: { ids: expect.arrayContaining([plain]) },
    });
    await expect(find('Creme')).rejects.toMatchObject({ code: 'catalog/unknown-product' });
  });

  test('lists the goods that are in stock by name, page by page', async () => {
    const world2 = await world();
    const shop = await world2.admin();
    for (const name of ['Zebra', 'apple', 'Éclair', 'apple', 'Date', 'Sold out'])
      await shop.lists({ name, price: usd(1_00), stock: name === 'Sold out' ? 0 : 2 });
    const names: string[] = [];
    for (let after: { name: string; id: string } | null = null; ; ) {
      const goods: { name: string; productId: string; stock: number }[] = await world2.ask('catalog', 'goods', { after, limit: 2 });
      names.push(...goods.map(({ name }) => name));
      const last = goods.at(-1);
      if (!last) break;
      after = { name: last.name, id: last.productId };
    }
    const own = names.filter((name) => ['Zebra', 'apple', 'Éclair', 'Date', 'Sold out'].includes(name));
    expect(own).toEqual(['apple', 'apple', 'Date', 'Éclair', 'Zebra']);
  });

  test('lists the categories', async () => {
    const { body } = await w.get('/v1/categories');
    expect(body.items.map(({ slug }: { slug: string }) => slug)).toEqual([
      'food',
      'clothes',
      'accessories',
      'electronics',
      'phone',
      'computer',
    ]);
    expect(body.nextCursor).toBeNull();
  });
});
