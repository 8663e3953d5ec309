import { expect, test } from 'vitest';
import { everything } from '../src/souk.ts';
import { type Budget, overBudget } from './budgets.ts';
import { importProducts, sendProducts } from './importing.ts';
import type { Reply } from './people.ts';
import { privateFiles } from './private-files.ts';
import { lamp, shirt } from './sample-products.ts';
import { announcing, picture, sendFile } from './uploading.ts';
import { world } from './world.ts';

const MODULES = ['media', 'profiles', 'banners', 'catalog', 'imports', 'favorites'];
const SECRET = 'what the store proves itself with, in this test';

test('each call of shop windows, pictures, imports and favorites costs few statements', async () => {
  const w = await world({ env: { MEDIA_NOTIFICATION_SECRET: SECRET } });
  const [root, sue, bob, bytes] = [await w.admin(), await w.seller('sue'), await w.person('bob'), await picture('red', 200, 100)];
  const image = announcing(bytes);
  let last: Reply['body'];
  const noted = async (reply: Promise<Reply>): Promise<Reply> => {
    const made = await reply;
    last = made.body;
    return made;
  };
  /** Until an image that was announced is attached. */
  const arrived = async ({ body }: Reply): Promise<string> => {
    expect((await sendFile(w, body, bytes)).status).toBe(200);
    await w.step();
    return body.id;
  };
  const products: string[] = [];
  for (let product = 0; product < 20; product++) {
    const id = await sue.lists({ ...lamp, name: `Lamp ${product}` });
    if (product < 3) await arrived(await root.post(`/v1/products/${id}/images`, image));
    products.push(id);
  }
  const [product, other] = products as [string, string];
  const inTwoSizes = { ...shirt, category: 'clothes' };
  const category = (await root.post('/v1/categories', { name: 'Lights' })).body.id;
  const banner = (await root.post('/v1/banners', { image })).body;
  await arrived({ body: banner.upload } as Reply);
  const pictured = await bob.post('/v1/users/profile/picture', image);
  await arrived(pictured);
  const shown = (await w.get(`/v1/users/${bob.id}/profile`)).body.picture;
  for (const id of products) await bob.post('/v1/favorites', { productId: id });
  const file = `id,name,category,sku,price,currency,stock\nCUP-1,Cup,food,C,1,USD,1`;
  const done = (await importProducts(w, root, file)).body;
  const { attached, signed } = privateFiles(() => [w, bob]);
  const document = new URL((await signed(await attached(bytes))).url);
  let parts: FormData;
  const form = async () => {
    const { body } = await bob.post('/v1/users/profile/picture', image);
    parts = new FormData();
    for (const [name, value] of Object.entries<string>(body.form.fields)) parts.set(name, value);
    parts.set('file', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), 'a.jpg');
  };
  const makes = (path: string, body: () => object) => async () => {
    await noted(root.post(path, body()));
  };
  const draft = async () => {
    await noted(sue.post('/v1/products', inTwoSizes));
  };
  const submitted = async () => {
    await draft();
    await sue.post(`/v1/products/${last.id}/submit`);
  };
  const json = { 'content-type': 'application/json' };
  const budgets: Budget[] = [
    ['an export of an account with pictures', 27, () => root.get(`/v1/customers/${root.username}/export`)],
    ['GET /products', 1, () => bob.get('/v1/products?limit=20')],
    ['GET /products, of a seller that asks', 3, () => sue.get('/v1/products?limit=20&seller=sue')],
    ['GET /products/{id}', 2, () => bob.get(`/v1/products/${product}`)],
    ['POST /products', 6, () => sue.post('/v1/products', inTwoSizes)],
    ['POST /products, with an image', 8, () => sue.post('/v1/products', { ...inTwoSizes, image })],
    ['PATCH /products/{id}', 6, () => sue.patch(`/v1/products/${product}`, { description: 'Brighter.' })],
    ['DELETE /products/{id}', 7, () => sue.delete(`/v1/products/${last.id}`), draft],
    ['POST /products/{id}/submit', 5, () => sue.post(`/v1/products/${last.id}/submit`), draft],
    ['POST /products/{id}/approve', 8, () => root.post(`/v1/products/${last.id}/approve`), submitted],
    ['POST /products/{id}/reject', 5, () => root.post(`/v1/products/${last.id}/reject`, { reason: 'Too dark.' }), submitted],
    ['POST /products/{id}/images', 6, () => sue.post(`/v1/products/${product}/images`, image)],
    [
      'PUT /products/{id}/images',
      12,
      async () => root.put(`/v1/products/${other}/images`, { images: (await imagesOf(other)).map(({ id }) => ({ id, alt: 'Lit' })) }),
    ],
    [
      'DELETE /products/{id}/images/{imageId}',
      10,
      () => root.delete(`/v1/products/${other}/images/${last[0].id}`),
      async () => {
        last = await imagesOf(other);
      },
    ],
    ['GET /product-approvals', 2, () => root.get('/v1/product-approvals')],
    ['POST /products/{id}/stock', 3, () => sue.post(`/v1/products/${product}/stock`, { change: 5, reason: 'delivery' })],
    ['GET /products/{id}/stock', 2, () => sue.get(`/v1/products/${product}/stock`)],
    ['GET /categories', 1, () => w.get('/v1/categories')],
    ['POST /categories', 8, () => root.post('/v1/categories', { name: 'Sofas', image })],
    ['PATCH /categories/{id}', 10, () => root.patch(`/v1/categories/${category}`, { name: 'Lamps', parent: 'electronics' })],
    ['POST /categories/{id}/image', 4, () => root.post(`/v1/categories/${category}/image`, image)],
    ['DELETE /categories/{id}', 8, () => root.delete(`/v1/categories/${last.id}`), makes('/v1/categories', () => ({ name: 'Beds' }))],
    ['GET /banners', 1, () => w.get('/v1/banners?placement=home')],
    ['POST /banners', 6, () => root.post('/v1/banners', {})],
    ['POST /banners, with an image', 8, () => root.post('/v1/banners', { image })],
    ['PATCH /banners/{id}', 5, () => root.patch(`/v1/banners/${banner.id}`, { position: 3 })],
    ['POST /banners/{id}/image', 4, () => root.post(`/v1/banners/${banner.id}/image`, image)],
    ['DELETE /banners/{id}', 4, () => root.delete(`/v1/banners/${banner.id}`)],
    ['GET /users/{userId}/profile', 2, () => w.get(`/v1/users/${bob.id}/profile`)],
    ['POST /users/profile/picture', 3, () => noted(bob.post('/v1/users/profile/picture', image))],
    ['PUT /uploads/{id}', 3, () => sendFile(w, last, bytes)],
    ['GET /media/{id}', 1, () => bob.get(`/v1/media/${last.id}`)],
    ['POST /uploads', 3, () => w.fetch('/v1/uploads', { method: 'POST', body: parts }), form],
    [
      'POST /storage-notifications',
      1,
      () => w.post('/v1/storage-notifications', { Records: [] }, { ...json, authorization: `Bearer ${SECRET}` }),
    ],
    ['GET /private-files/{id}', 1, () => w.fetch(`${document.pathname}${document.search}`)],
    ['GET /media/{hash}/{file}', 0, () => w.fetch(new URL(shown.url).pathname)],
    ['DELETE /users/profile/picture', 3, () => bob.delete('/v1/users/profile/picture')],
    ['POST /imports/products', 11, () => sendProducts(w, root, file)],
    ['GET /imports/{id}', 2, () => root.get(`/v1/imports/${done.id}`)],
    ['GET /exports/products', 3, () => root.get('/v1/exports/products')],
    ['GET /favorites', 2, () => noted(bob.get('/v1/favorites?limit=20'))],
    ['PATCH /favorites/{id}', 4, () => bob.patch(`/v1/favorites/${last.items[0].id}`, { notify: { priceFell: true } })],
    ['DELETE /favorites/{id}', 3, () => bob.delete(`/v1/favorites/${last.items[0].id}`)],
    ['POST /favorites', 7, () => bob.post('/v1/favorites', { userId: sue.id })],
    ['POST /favorites, again', 9, () => bob.post('/v1/favorites', { userId: sue.id })],
  ];
  async function imagesOf(id: string): Promise<{ id: string }[]> {
    return (await root.get(`/v1/products/${id}`)).body.images;
  }
  const routes = everything.filter(({ name }) => MODULES.includes(name)).flatMap((module) => module.routes);
  expect(await overBudget(w, budgets, routes)).toEqual([]);
}, 60_000);
