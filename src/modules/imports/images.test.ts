import { beforeAll, expect, test } from 'vitest';
import { exportedProducts, importProducts } from '../../../test/importing.ts';
import type { Person } from '../../../test/people.ts';
import { type Receiver, receiver } from '../../../test/receiver.ts';
import { picture } from '../../../test/uploading.ts';
import { type World, world } from '../../../test/world.ts';
import { imagesText, readImages } from './cells.ts';

let w: World;
let mona: Person;
let shop: Receiver;

beforeAll(async () => {
  w = await world();
  mona = await w.person('mona', ['catalog-manager']);
  shop = await receiver();
  const [red, blue] = [await picture('red', 300, 200), await picture('blue', 300, 200)];
  shop.answer = ({ url }, response) => {
    const bytes = { '/red.jpg': red, '/blue.jpg': blue }[url];
    response.writeHead(bytes ? 200 : 404, { 'content-type': 'image/jpeg' }).end(bytes);
  };
});

const fileOf = (id: string, ...images: string[]) => `id,name,price,currency,images\n${id},${id},1,USD,"${images.join('\n')}"`;
const imagesOf = async (name: string) => (await w.get(`/v1/products?q=${name}`)).body.items[0].images;

test('images are fetched from their addresses once, and an export names those that the shop shows', async () => {
  const file = fileOf('Vase', `${shop.url}/red.jpg A red vase`, `${shop.url}/blue.jpg`, `${shop.url}/gone.jpg`);
  expect((await importProducts(w, mona, file)).body).toMatchObject({ done: 1, refused: 0 });
  const asked = shop.calls.length;

  await importProducts(w, mona, file); // whichever was fetched first, they are in the order of the file now
  const images = await imagesOf('Vase');
  expect(images.map(({ alt }: { alt: string }) => alt)).toEqual(['A red vase', '']);
  const exported = await exportedProducts(mona);
  for (const { url } of images) expect(exported).toContain(url);
  expect((await importProducts(w, mona, exported)).body).toMatchObject({ done: 1, refused: 0 });
  expect([await imagesOf('Vase'), await exportedProducts(mona), shop.calls.length]).toEqual([images, exported, asked]);
});

test('an export brings the order and the texts of images back', async () => {
  await importProducts(w, mona, fileOf('Jar', `${shop.url}/red.jpg A red jar`, `${shop.url}/blue.jpg A blue jar`));
  const before = await imagesOf('Jar');
  const exported = await exportedProducts(mona);
  const { id } = (await w.get('/v1/products?q=Jar')).body.items[0];
  const [first, second] = before;
  await mona.put(`/v1/products/${id}/images`, { images: [{ id: second.id, alt: 'x' }, { id: first.id, alt: 'y' }] }); // biome-ignore format: a list
  await importProducts(w, mona, exported);
  expect(await imagesOf('Jar')).toEqual(before);
  await importProducts(w, mona, fileOf('Jar', `${shop.url}/blue.jpg Blue`));
  const texts = (await imagesOf('Jar')).map(({ alt }: { alt: string }) => alt);
  expect([texts[0], [...texts].sort()]).toEqual(['Blue', ['A red jar', 'Blue']]);
});

test('an image that staff removed does not come back with the same file, and one that the file does not name stays', async () => {
  const file = fileOf('Bowl', `${shop.url}/red.jpg`, `${shop.url}/blue.jpg`);
  await importProducts(w, mona, file);
  const [first, second] = await imagesOf('Bowl');
  const { id } = (await w.get('/v1/products?q=Bowl')).body.items[0];
  await mona.put(`/v1/products/${id}/images`, { images: [{ id: second.id }] });
  await importProducts(w, mona, file);
  await importProducts(w, mona, 'id,name,price,currency\nBowl,Bowl,2,USD');
  expect((await imagesOf('Bowl')).map((image: { id: string }) => image.id)).toEqual([second.id]);
  expect(first.id).not.toBe(second.id);
});

test('a text that is not an address, and too many images of a product, are refused with their rows', async () => {
  const many = Array.from({ length: 21 }, (_, n) => `${shop.url}/${n}.jpg`);
  const reports = [
    await importProducts(w, mona, fileOf('Cap', 'file:///etc/passwd')),
    await importProducts(w, mona, fileOf('Cap', ...many)),
  ];
  expect(reports.map(({ body }) => body.report[0])).toEqual([
    { row: 2, column: 'images', reason: 'must be an address such as https://example.com/lamp.jpg' },
    { row: 2, column: 'images', reason: 'A product has at most 20 images' },
  ]);
});

test('a cell of images is read as it was written', () => {
  const images = [
    { url: 'https://example.com/a.jpg', alt: 'A red, "new" vase' },
    { url: 'https://example.com/b.jpg?x=1,2', alt: '' },
  ];
  expect(readImages(imagesText(images))).toEqual(images);
});
