import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { PLATFORM_SELLER } from '#catalog';
import { exportedProducts, importProducts, sendProducts } from '../../../test/importing.ts';
import type { Person } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import { guarded, optionsText, priceText, readOptions, readPrice, unguarded } from './cells.ts';

let w: World;
let mona: Person;

beforeAll(async () => {
  w = await world();
  mona = await w.person('mona', ['catalog-manager']);
});

/** Words that files, programs for tables and people make trouble with. */
const word = fc.oneof(
  fc.constantFrom(
    '=1+1',
    '@sum',
    '+9',
    '-9',
    "'quoted",
    "'=x",
    '"',
    '""',
    ',',
    ';',
    '\\',
    'a;b=c\\',
    '#',
    '0012',
    '1e3',
    'é',
    'e\u0301',
    'مصباح',
    '灯',
    '👩‍👩‍👧',
    '\u00a0x',
    '＝x',
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
);
const line = fc
  .array(word, { minLength: 1, maxLength: 4 })
  .map((words) => words.join(' '))
  .filter((text) => /[\p{L}\p{N}]/u.test(text) && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text))
  .map((text) => text.trim().slice(0, 60).trim().toWellFormed());
const prose = fc.array(fc.oneof(line, fc.constantFrom('\n', '\r\n', '\t', '')), { maxLength: 6 }).map((lines) => lines.join('\n').trim());
const text = fc.option(line, { nil: undefined });

const product = fc.record({
  name: line,
  type: text,
  brand: text,
  description: prose,
  translations: fc.dictionary(
    fc.constantFrom('fr', 'ar', 'fr-TN', 'zh-Hant'),
    fc.record({ name: line, description: prose }, { requiredKeys: ['name'] }),
  ),
  category: fc.constantFrom(undefined, 'phone', 'food'),
  currency: fc.constantFrom('USD', 'TND', 'JPY'),
  variants: fc.array(
    fc.record({
      options: fc.dictionary(
        line.map((name) => name.slice(0, 20).trim()),
        line,
        { maxKeys: 3 },
      ),
      amount: fc.integer({ min: 1, max: 99_999_999_999 }),
      stock: fc.nat(1000),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

test('a file that is exported, imported into another shop and exported again is the same, byte for byte', async () => {
  const products = fc.sample(product, { numRuns: 60, seed: Number(process.env.ROUND_TRIP_SEED ?? 7) });
  let listed = 0;
  for (const [n, { variants, currency, ...rest }] of products.entries()) {
    const made = await mona.post('/v1/products', {
      ...rest,
      variants: variants.map(({ options, amount, stock }, place) => ({
        sku: place % 2 === 0 ? `=SKU ${n};${place}` : undefined,
        options: { ...options, place: String(place) },
        price: { amount, currency },
        stock,
      })),
    });
    if (made.status === 201) listed++;
  }
  expect(listed).toBeGreaterThan(40);
  const file = await exportedProducts(mona);

  expect((await importProducts(w, mona, file)).body).toMatchObject({ refused: 0, state: 'done' });
  expect(await exportedProducts(mona)).toBe(file);
  expect(await w.sql('select 1 from catalog.products where version > 1')).toEqual([]);

  const other = await world();
  const lisa = await other.person('lisa', ['catalog-manager']);
  expect((await importProducts(other, lisa, file)).body).toMatchObject({ refused: 0, state: 'done' });
  expect(await exportedProducts(lisa)).toBe(file);
  const shown = async (of: World) =>
    (await of.sql<{ document: string }>('select document from catalog.products order by id')).map(({ document }) => {
      const { variants, createdAt: _, ...product } = JSON.parse(document);
      return {
        ...product,
        stock: 0,
        variants: variants.map(({ id: __, stock: ___, ...variant }: { id: string; stock: number }) => variant),
      };
    });
  expect(await shown(other)).toEqual(await shown(w));
});

test('own names of products are stored, and an export says them again', async () => {
  const third = await world();
  const lisa = await third.person('lisa', ['catalog-manager']);
  const row = 'name,id,currency,price,options\nLamp,=LAMP-1,USD,1,color=red\n,=LAMP-1,USD,2,color=blue';
  await importProducts(third, lisa, row);
  const file = await exportedProducts(lisa);
  expect(file.split('\r\n').slice(1, 3)).toEqual([
    "'=LAMP-1,Lamp,,,,,,,color=red,1.00,USD,0,",
    "'=LAMP-1,Lamp,,,,,,,color=blue,2.00,USD,0,",
  ]);
  await importProducts(third, lisa, file);
  expect(await exportedProducts(lisa)).toBe(file);
});

test('each kind of cell is read as it was written', () => {
  const unit = { unit: 'binary', maxLength: 20 } as const;
  fc.assert(fc.property(fc.oneof(fc.string(unit), word), (cell) => unguarded(guarded(cell)) === cell));
  fc.assert(fc.property(fc.oneof(fc.string(unit), word), (cell) => !/^[=+\-@\t\r＝＋－＠]/.test(guarded(cell))));
  const name = fc.string({ ...unit, minLength: 1 }).filter((each) => each.trim() === each);
  fc.assert(
    fc.property(fc.dictionary(name, name, { maxKeys: 5, noNullPrototype: true }), (options) => {
      expect(readOptions(optionsText(options))).toEqual(options);
    }),
  );
  fc.assert(
    fc.property(fc.nat(99_999_999_999), fc.constantFrom('USD' as const, 'TND' as const, 'JPY' as const), (amount, currency) => {
      expect(readPrice(priceText(amount, currency), currency)).toBe(amount);
    }),
  );
});

test('a file with many long texts is saved in calls that another service takes', async () => {
  const translations = JSON.stringify(
    Object.fromEntries(['ar', 'fr', 'de', 'es', 'it'].map((tag) => [tag, { description: 'ض'.repeat(4900) }])),
  ).replaceAll('"', '""');
  const row = (n: number) => `LONG-${n},Lamp Ilma ${n},"${translations}",1,USD`;
  const taken = await sendProducts(
    w,
    mona,
    ['id,name,translations,price,currency', ...Array.from({ length: 60 }, (_, n) => row(n))].join('\n'),
  );
  const [{ most, calls }] = (await w.sql(
    `select max(octet_length(products::text)) as most, count(*)::int as calls from imports.chunks where import_id = '${taken.body.id}'`,
  )) as [{ most: number; calls: number }];
  expect(most).toBeLessThan(1024 * 1024);
  expect(calls).toBeLessThan(10);
  await w.step();
  expect((await mona.get(`/v1/imports/${taken.body.id}`)).body).toMatchObject({ state: 'done', rows: 60, done: 60 });
  expect((await w.get('/v1/products?q=Ilma%2059')).body.items[0]).toMatchObject({
    translations: { fr: { description: 'ض'.repeat(4900) } },
  });
  const page = await w.ask('catalog', 'exportProducts', { sellerId: PLATFORM_SELLER.id, after: null, limit: 500 });
  expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(2.5 * 1024 * 1024);
  const exported = await exportedProducts(mona);
  for (let n = 0; n < 60; n++) expect(exported).toContain(`LONG-${n},Lamp Ilma ${n},`);
});
