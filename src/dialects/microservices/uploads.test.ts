import { beforeAll, describe, expect, test } from 'vitest';
import type { Person } from '../../../test/people.ts';
import { said } from '../../../test/platform-client.ts';
import { picture } from '../../../test/uploading.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let strict: World;
let sue: Person;
let bytes: Buffer;

const file = { fileName: 'red.jpg', fileType: 'image/jpeg' };
const post = (path: string, body: unknown, token?: string, at = w) =>
  at.fetch(`/compat/${path}`, {
    method: 'POST',
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
/** Sends a file to an address that was answered, and to nothing else of the reply. */
const put = (url: string, body: Uint8Array = bytes, type: string | null = 'image/jpeg') =>
  w.fetch(new URL(url).pathname + new URL(url).search, {
    method: 'PUT',
    body: new Uint8Array(body),
    headers: { 'content-length': String(body.length), ...(type === null ? {} : { 'content-type': type }) },
  });
const turns = async () => {
  for (let turn = 0; turn < 4; turn++) await w.step();
};
const shows = async (path: string) => (await w.get(`/compat/${path}`)).body;
const isPicture = async (url: string) => {
  const reply = await w.get(new URL(url).pathname);
  return [reply.status, reply.headers.get('content-type')];
};
const product = {
  ...{ ...file, productName: 'Red rug', productPrice: 100, description: 'Woven.', quantity: 40, category: 'Accessories' },
};

beforeAll(async () => {
  w = await world();
  strict = await w.sibling({ COMPAT_OPEN_UPLOADS: 'off' });
  [sue, bytes] = [await w.seller('sue'), await picture('red', 200, 100)];
});

describe('a banner', () => {
  test('appears when its file has come to the answered address, from anybody where uploads are open', async () => {
    const reply = await post('banner/upload-url', { ...file, colour: 'red' });
    expect(said(reply)).toEqual([200, { uploadURL: expect.any(String) }]);
    expect(await shows('banner/banners')).toEqual({ banners: [] });
    const changed = new URL(reply.body.uploadURL);
    changed.searchParams.set('X-Amz-Signature', '0'.repeat(64));
    expect((await put(changed.href)).status).toBe(403);
    const { pathname, search } = new URL(reply.body.uploadURL);
    const inChunks = await w.fetch(`${pathname}${search}`, { method: 'PUT', body: new Uint8Array(bytes) });
    expect(inChunks).toBeProblem(403, 'media/upload-not-allowed');
    expect((await put(reply.body.uploadURL, bytes, null)).status).toBe(200);
    await turns();
    const shown = await shows('banner/banners');
    expect(shown).toEqual({ banners: [{ imageUrl: expect.any(String) }] });
    expect(await isPicture(shown.banners[0].imageUrl)).toEqual([200, 'image/jpeg']);
  });
});

describe('two files of one name', () => {
  test('are two uploads, however soon they follow each other', async () => {
    const replies = await Promise.all([1, 2].map(() => post('banner/upload-url', file)));
    expect(new Set(replies.map(({ body }) => new URL(body.uploadURL).pathname)).size).toBe(2);
  });
});

describe('a category', () => {
  test('gets its image, and is added where there is none of that name', async () => {
    const replies = await Promise.all([1, 2].map(() => post('category/upload-url', { ...file, categoryName: 'Rugs' })));
    for (const reply of replies) expect(said(reply)).toEqual([200, { uploadUrl: expect.any(String) }]);
    const phones = await post('category/upload-url', { ...file, fileType: 'image/jpg', categoryName: 'phones' });
    expect((await put(replies[0]!.body.uploadUrl)).status).toBe(200);
    const slugs = async () => (await w.get('/v1/categories')).body.items.map(({ slug }: { slug: string }) => slug);
    expect(await slugs()).not.toContain('rugs');
    expect(JSON.stringify(await shows('category/categories'))).not.toContain('Rugs');
    expect((await put(phones.body.uploadUrl, bytes, 'image/jpg')).status).toBe(200);
    await turns();
    expect(await slugs()).toContain('rugs');
    const shown: { categoryName: string; imageUrl: string }[] = await shows('category/categories');
    expect(shown.filter(({ imageUrl }) => imageUrl !== '').map(({ categoryName }) => categoryName)).toEqual(['Phones', 'Rugs']);
    expect(shown.filter(({ categoryName }) => categoryName === 'Rugs')).toHaveLength(1);
    for (const { imageUrl } of shown.filter(({ imageUrl }) => imageUrl !== '')) expect((await isPicture(imageUrl))[0]).toBe(200);
  });
});

test('a category is the same however its name is written', async () => {
  const names = [
    ['Café', 'Cafe\u0301', 'CAFE', 'café\u200B'],
    ['هاتف', 'ﻫﺎﺗﻒ'],
    ['가방', '가방'.normalize('NFD')],
    ['Ｔａｂｌｅｔｓ', 'tablets!'],
  ];
  const counted = async () => Number((await w.sql('select count(*) as n from catalog.categories'))[0]!.n);
  const before = await counted();
  for (const name of names.flat()) expect((await post('category/upload-url', { ...file, categoryName: name })).status, name).toBe(200);
  expect((await counted()) - before).toBe(names.length);
});

describe('uploads of banners and categories', () => {
  const calls: [string, object][] = [
    ['banner/upload-url', file],
    ['category/upload-url', { ...file, categoryName: 'Guarded' }],
  ];

  test.each(calls)('%s is for catalog managers where uploads are not open', async (path, body) => {
    expect((await post(path, {}, undefined, strict)).status).toBe(401);
    expect((await post(path, {}, sue.token, strict)).status).toBe(403);
    expect(said(await post(path, body, undefined, strict))).toEqual([401, { message: expect.any(String) }]);
    const refused = [403, { message: 'This call needs the permission catalog:write.' }];
    expect(said(await post(path, body, sue.token, strict))).toEqual(refused);
    const rita = await w.person('rita', ['catalog-manager']);
    expect((await post(path, body, rita.token, strict)).status).toBe(200);
  });

  test.each([
    ['banner/upload-url', {}],
    ['banner/upload-url', { fileName: 'red.png', fileType: 'text/html' }],
    ['banner/upload-url', { fileName: 7, fileType: 'image/png' }],
    ['category/upload-url', file],
    ['category/upload-url', { ...file, categoryName: '' }],
  ])('%s refuses %j with a sentence', async (path, body) => {
    expect(said(await post(path, body))).toEqual([422, { message: expect.any(String) }]);
  });
});

test.each([
  [
    'banner',
    file,
    "insert into banners.banners (id, placement, alt, position) select gen_random_uuid(), 'many', '', 9 from generate_series(1, 1000)",
  ],
  [
    'category',
    { ...file, categoryName: 'One too many' },
    `insert into catalog.categories (id, slug, name, path, position)
       select gen_random_uuid(), 'many-' || n, 'Many', array['many-' || n], 9 from generate_series(1, 1000) as n`,
  ],
])('a %s beyond a thousand is refused with a sentence', async (kind, body, thousandMore) => {
  await w.sql(thousandMore);
  const reply = await post(`${kind}/upload-url`, body);
  await w.sql("delete from banners.banners where placement = 'many'");
  await w.sql("delete from catalog.categories where slug like 'many-%'");
  expect(said(reply)).toEqual([409, { message: expect.stringMatching(/at most 1000 (banners|categories)/) }]);
  const { body: document } = await w.get('/compat/microservices/openapi.json');
  expect(document.paths[`/compat/${kind}/upload-url`].post.responses).toHaveProperty('409');
});

describe('a product', () => {
  test('is listed with its image once staff have approved it', async () => {
    const reply = await post('product/get-upload-url', product, sue.token);
    expect(said(reply)).toEqual([200, { uploadUrl: expect.any(String) }]);
    const root = await w.admin();
    const { items } = (await root.get('/v1/product-approvals')).body;
    expect(items).toHaveLength(1);
    expect(await root.post(`/v1/products/${items[0].product.id}/approve`)).toBeProblem(409, 'catalog/image-outstanding');
    expect((await put(reply.body.uploadUrl)).status).toBe(200);
    await turns();
    expect(await shows('product/approve-products')).toEqual({ products: [] });
    await root.post(`/v1/products/${items[0].product.id}/approve`);
    const shown = await shows('product/approve-products');
    expect(shown).toEqual({
      products: [
        {
          id: { S: items[0].product.id },
          fileName: { S: 'red.jpg' },
          productName: { S: 'Red rug' },
          productPrice: { N: '100' },
          description: { S: 'Woven.' },
          quantity: { N: '40' },
          category: { S: 'Accessories' },
          imageUrl: { S: expect.stringMatching(/^http/) },
          isApproved: { BOOL: true },
          email: { S: 'sue' },
          createdAt: { S: expect.any(String) },
        },
      ],
    });
    expect(await isPicture(shown.products[0].imageUrl.S)).toEqual([200, 'image/jpeg']);
  });

  test('of staff waits for approval too, and each announcement is another one', async () => {
    const root = await w.admin();
    const wanted = { ...product, productName: 'Twice', productPrice: '12.5', quantity: '3', category: 'RUGS' };
    const replies = await Promise.all([1, 2].map(() => post('product/get-upload-url', wanted, root.token)));
    expect(new Set(replies.map(({ body }) => new URL(body.uploadUrl).pathname)).size).toBe(2);
    expect(
      await w.sql(
        `select p.state, p.category, v.price_amount::int as price from catalog.variants v join catalog.products p on p.id = product_id where name = 'Twice'`,
      ),
    ).toEqual(Array(2).fill({ state: 'submitted', category: 'rugs', price: 12_50 }));
    expect(JSON.stringify(await shows('product/approve-products'))).not.toContain('Twice');
  });

  test.each([0, -1, 'free', '1e3', 12.505, '12.505', null, undefined, '', '0.00', true, 1e15, 1e10, 0.1 + 0.2])(
    'of the price %j is refused with 400',
    async (productPrice) => {
      const refused = [
        400,
        { message: 'productPrice must be above zero and at most 999999999.99, in USD, with no more decimals than that has.' },
      ];
      expect(said(await post('product/get-upload-url', { ...product, productPrice }, sue.token))).toEqual(refused);
    },
  );

  test.each([
    [{ quantity: -1 }, '/quantity'],
    [{ quantity: 'many' }, '/quantity'],
    [{ quantity: 2_000_000_000 }, '/quantity'],
    [{ category: 'Ships' }, 'There is no category Ships. Name one of the categories that are shown, or add it first.'],
    [{ productName: '' }, '/productName'],
    [{ fileType: 'image/svg+xml' }, '/fileType'],
  ])('with %j is refused with 400 and a sentence', async (change, sentence) => {
    const refused = [400, { message: expect.stringContaining(sentence) }];
    expect(said(await post('product/get-upload-url', { ...product, ...change }, sue.token))).toEqual(refused);
  });

  test('needs a Bearer token', async () => {
    expect(said(await post('product/get-upload-url', product))).toEqual([401, { message: expect.any(String) }]);
  });
});

test('a product is listed in a category however its name is written', async () => {
  await post('category/upload-url', { ...file, categoryName: '모자' });
  const listed = await post('product/get-upload-url', { ...product, category: '모자'.normalize('NFD') }, sue.token);
  expect(said(listed)).toEqual([200, { uploadUrl: expect.any(String) }]);
});
