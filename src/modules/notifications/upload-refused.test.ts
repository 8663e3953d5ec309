import { beforeAll, beforeEach, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import { languages } from '#kernel/languages.ts';
import { textsIn } from '#mail/texts.ts';
import { Ending, SHOP_ID } from '#media';
import { noticesOf } from '../../../test/notices.ts';
import { lamp } from '../../../test/sample-products.ts';
import { announcing, picture, sendFile } from '../../../test/uploading.ts';
import { type Person, type World, world } from '../../../test/world.ts';

let w: World;
let root: Person;
let sue: Person;
let bytes: Buffer;
let notices: ReturnType<typeof noticesOf>;

beforeAll(async () => {
  w = await world();
  notices = noticesOf(w);
  bytes = await picture('red', 200, 100);
});

beforeEach(async () => {
  [root, sue] = [await w.person('root', ['admin']), await w.seller('sue')];
});

const nothing = (size: number) => Buffer.alloc(size, 7);
const refusals = async (who: Person, language = 'en') =>
  (await notices.listOf(who, '?limit=100', { 'accept-language': language })).items.filter(
    ({ kind }: { kind: string }) => kind === 'upload-refused',
  );
const called = (fileName: string) => ({ ...announcing(bytes), fileName });

test('the owner of a refused file learns it in their language, once, with the reason that the upload says', async () => {
  const product = (await sue.post('/v1/products', { ...lamp, name: 'Red lamp' })).body.id;
  const upload = (await sue.post(`/v1/products/${product}/images`, called('lamp.jpg'))).body;
  await sendFile(w, upload, nothing(bytes.length));
  await w.step();
  await w.tellAgain('media.upload-refused.v1', 'notifications.send');
  await w.step();
  const { explanation } = (await sue.get(`/v1/media/${upload.id}`)).body;
  expect(await refusals(sue)).toMatchObject([
    { subject: 'Your file was refused', text: `${explanation}\n\nFile: lamp.jpg\n\nProduct: Red lamp` },
  ]);
  expect((await refusals(sue, 'ar'))[0]).toMatchObject({ subject: 'رُفض ملفك', text: expect.stringContaining('ليس صورة') });
  expect(notices.mails(sue).filter(({ subject }) => subject === 'Your file was refused')).toHaveLength(1);
});

test('so do people of their pictures, and staff of categories and banners; the shop itself and an API key are nobody', async () => {
  const bob = await w.person('bob');
  const uploads = [
    (await bob.post('/v1/users/profile/picture', called('me.jpg'))).body,
    (await root.post('/v1/categories', { name: 'Toys', image: called('toys.jpg') })).body.upload,
    (await root.post('/v1/banners', { image: called('sale.jpg') })).body.upload,
  ];
  const partner = await w.partner('A catalog', ['catalog:write']);
  const keys = [
    (await partner.post('/v1/categories', { name: 'Keys', image: called('keys.jpg') })).body.upload,
    (await partner.post('/v1/banners', { image: called('keys.jpg') })).body.upload,
  ];
  uploads.push(...keys);
  const shops = { key: newId(), ownerId: SHOP_ID, purpose: 'banner-image', subjectId: newId(), ...called('shop.jpg') };
  uploads.push(await w.ask('media', 'announce', shops));
  for (const upload of uploads) await sendFile(w, upload, nothing(bytes.length));
  await w.step();
  expect(await refusals(bob)).toMatchObject([{ text: expect.stringContaining('me.jpg') }]);
  const texts = (await refusals(root)).map(({ text }: { text: string }) => text).join();
  for (const file of ['toys.jpg', 'sale.jpg']) expect(texts).toContain(file);
  for (const { id } of keys)
    expect((await partner.get(`/v1/media/${id}`)).body).toMatchObject({ state: 'refused', reason: 'not-an-image' });
  expect(await w.sql('select 1 from notifications.notifications where account_id = any($1)', [[SHOP_ID, partner.id]])).toEqual([]);
});

test('a file that never came is told, unless the clean-up tells it; an address that an import fetched in vain is not', async () => {
  const product = (await sue.post('/v1/products', lamp)).body.id;
  await sue.post(`/v1/products/${product}/images`, called('late.jpg'));
  const announced = (await sue.post('/v1/products', { ...lamp, image: called('with-product.jpg') })).body;
  await root.post('/v1/products', { ...lamp, image: called('public.jpg') }); // the clean-up leaves it
  await root.post('/v1/categories', { name: 'Games', image: called('with-category.jpg') });
  await w.ask('media', 'fetch', {
    key: product,
    ownerId: sue.id,
    purpose: 'product-image',
    subjectId: product,
    url: 'http://10.0.0.1/x.jpg',
    alt: '',
  });
  await w.step();
  for (let turn = 0; turn < 2; turn++) {
    w.clock.advance(minutes(61));
    await w.step();
  }
  [root, sue] = [await w.person('root', ['admin']), await w.seller('sue')];
  expect((await w.sql('select state from catalog.products where id = $1', [announced.id]))[0]).toEqual({ state: 'archived' });
  const texts = async (who: Person) => (await notices.listOf(who, '?limit=100')).items.map(({ text }: { text: string }) => text).join();
  expect(await texts(sue)).toContain('late.jpg');
  expect(await texts(root)).toContain('public.jpg');
  expect((await texts(sue)) + (await texts(root))).not.toMatch(/with-product|with-category|from its address/);
});

test('who has turned it off is told nothing', async () => {
  const cleo = await w.person('cleo');
  const kinds = [{ kind: 'upload-refused', channels: { 'in-app': false, email: false } }];
  expect((await cleo.put('/v1/notifications/settings', { kinds })).status).toBe(200);
  await sendFile(w, (await cleo.post('/v1/users/profile/picture', called('me.jpg'))).body, nothing(bytes.length));
  await w.step();
  expect([await refusals(cleo), notices.mails(cleo)]).toEqual([[], []]);
});

test.each(languages)('every reason is a sentence in %s', (language) => {
  for (const reason of Ending.options) expect(textsIn[language].phrases[reason].length, reason).toBeGreaterThan(8);
});
