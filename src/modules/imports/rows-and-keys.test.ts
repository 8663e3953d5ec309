import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { systemScope } from '#kernel/runtime.ts';
import { fileOf, importProducts, productNamed, reasons, sendProducts } from '../../../test/importing.ts';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import { runImport } from './run-import.ts';

let w: World;
let mona: Person;

beforeAll(async () => {
  w = await world();
  mona = await w.person('mona', ['catalog-manager']);
});

const named = (name: string) => productNamed(w, name);

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

test('a file that says the stock of known variants and nothing else changes nothing else', async () => {
  await importProducts(w, mona, fileOf('BOWL-1,Bowl Tilda,,,,,B-S,size=S,1,USD,5', 'BOWL-1,,,,,,B-L,size=L,2,USD,6'));
  const before = await named('Bowl Tilda');
  const report = await importProducts(w, mona, 'id,sku,stock\nBOWL-1,B-L,0\nBOWL-1,B-S,9\nBOWL-2,B-L,1');
  expect(reasons(report)).toEqual(['4 name: is empty, and the product is new']);
  const stocks = before.variants.map((variant: object, place: number) => ({ ...variant, stock: [9, 0][place] }));
  expect(await named('Bowl Tilda')).toEqual({ ...before, variants: stocks, stock: 9 });
  await importProducts(w, mona, fileOf('BOWL-1,,,,,,B-S,,3,USD,', 'BOWL-1,,,,,,B-L,,,,'));
  expect((await named('Bowl Tilda')).variants).toMatchObject([
    { options: { size: 'S' }, price: usd(3_00), stock: 9 },
    { options: { size: 'L' }, price: usd(2_00), stock: 0 },
  ]);
  const unpriced = await importProducts(w, mona, fileOf('BOWL-1,,,,,,B-S,,4,USD,', 'BOWL-1,,,,,,,size=XL,,,1'));
  expect(reasons(unpriced)).toEqual(['2 : Row 3 of the same product was refused', '3 price: is empty, and the variant is new']);
  const euros = await importProducts(w, mona, fileOf('BOWL-1,,,,,,B-S,,4,EUR,', 'BOWL-1,,,,,,B-L,,,,'));
  expect(reasons(euros)[0]).toBe('2 currency: All variants of a product are priced in one currency.');
});

test('a row that only changes a variant is refused where the product has no such SKU, and the SKU stays', async () => {
  await importProducts(
    w,
    mona,
    fileOf('VASE-1,Vase Olga,,,,,V-1,,1,USD,5', 'JAR-1,Jar Olga,,,,,J-S,size=S,1,USD,5', 'CAN-1,Can Olga,,,,,,,1,USD,5'),
  );
  const before = await named('Vase Olga');
  const report = await importProducts(w, mona, 'id,sku,stock\nCAN-2,C-2,1\nVASE-1,V-2,7\nJAR-1,J-S,3\nJAR-1,J-M,7');
  const dearer = await importProducts(w, mona, 'id,sku,price,currency\nVASE-1,V-3,2,USD');
  expect([...reasons(report), ...reasons(dearer)]).toEqual([
    '2 name: is empty, and the product is new',
    '3 sku: The product has no variant with the SKU V-2.',
    '4 : Row 5 of the same product was refused',
    '5 sku: The product has no variant with the SKU J-M.',
    '2 sku: The product has no variant with the SKU V-3.',
  ]);
  expect(await named('Vase Olga')).toEqual(before);
  await importProducts(w, mona, 'id,sku\nCAN-1,C-1');
  await importProducts(w, mona, fileOf('VASE-1,Vase Olga,,,,,V-9,,,,'));
  expect([(await named('Can Olga')).variants[0].sku, (await named('Vase Olga')).variants[0].sku]).toEqual(['C-1', 'V-9']);
});

test.each([1, 250])('a row is refused where rows of its product stand elsewhere, %i products away, and they are too', async (between) => {
  const others = Array.from({ length: between }, (_, n) => `D${between}-${n},Pin ${between},,,,,,,1,USD,1`);
  const [id, name] = [`E${between}-1`, `Pot Runa ${between}`];
  const rows = [`${id},${name},,,,,,size=S,1,USD,1`, `${id},,,,,,,size=M,1,USD,1`, ...others, `${id},${name},,,,,,size=L,1,USD,1`];
  const report = await importProducts(w, mona, fileOf(...rows));
  const [last, reason] = [rows.length + 1, `Rows of one product must stand together: row ${rows.length + 1} is apart from row 2`];
  expect(reasons(report)).toEqual([`2 id: ${reason}`, '3 : Row 2 of the same product was refused', `${last} id: ${reason}`]);
  expect([report.body.done, report.body.refused, await named(name)]).toEqual([between, 3, undefined]);
  expect(await w.sql('select 1 from imports.places')).toEqual([]);
});

test('a row is refused where rows of its product that stand elsewhere are wrong, whichever come first', async () => {
  const [fine, wrong] = ['F-1,Pan Sif,,,,,,size=S,1,USD,1', 'F-1,,,,,,,size=M,-1,USD,1'];
  const between = 'F-2,Needle,,,,,,,1,USD,1';
  for (const rows of [
    [fine, between, wrong],
    [wrong, between, fine],
  ]) {
    const report = await importProducts(w, mona, fileOf(...rows));
    expect([report.body.done, report.body.refused, await named('Pan Sif')]).toEqual([1, 2, undefined]);
  }
});

test('a product of more than a hundred rows is refused with all of them', async () => {
  const rows = Array.from({ length: 230 }, (_, n) => `G-1,Peg Tove,,,,,,size=${n},1,USD,1`);
  const report = await importProducts(w, mona, fileOf(...rows));
  expect([report.body.done, report.body.refused, await named('Peg Tove')]).toEqual([0, 230, undefined]);
  const told = await w.sql('select distinct reason from imports.refusals where import_id = $1 order by 1', [report.body.id]);
  expect(told.map(({ reason }) => reason)).toEqual([
    'A product has at most 100 variants',
    ...[102, 103, 204].map((row) => `Row ${row} of the same product was refused`),
  ]);
});

test('a row has the number that programs for tables show, after empty lines too', async () => {
  const report = await importProducts(w, mona, '\r\nid;name;price;currency\r\n\r\n;;;\r\nI-1;Peg Ulla;-1;USD\r\n\r\nI-2;;1;USD\r\n\r\n');
  expect([report.body.rows, report.body.report.map(({ row }: { row: number }) => row)]).toEqual([2, [5, 7]]);
});

test('a row of a product that was deleted says so', async () => {
  await importProducts(w, mona, fileOf('C-1,Can Petra,,,,,,,1,USD,1'));
  await mona.delete(`/v1/products/${(await named('Can Petra')).id}`);
  const report = await importProducts(w, mona, fileOf('C-1,Can Petra,,,,,,,1,USD,1'));
  expect(reasons(report)).toEqual(['2 id: The product with this id was deleted.']);
});

test('an id is the same however Unicode composes it, and is one line that can be seen', async () => {
  const report = await importProducts(
    w,
    mona,
    fileOf(
      'É-1,Cup Vera,,,,,,size=S,1,USD,1',
      `${'É-1'.normalize('NFD')},,,,,,,size=M,1,USD,1`,
      '\u200B,Cup Vala,,,,,,,1,USD,1',
      '"a\nb",Cup Vola,,,,,,,1,USD,1',
    ),
  );
  expect([report.body.done, reasons(report)]).toEqual([
    2,
    ['4 id: must be one line of visible text', '5 id: must be one line of visible text'],
  ]);
  const again = await importProducts(w, mona, fileOf(`${'É-1'.normalize('NFD')},Cup Viola,,,,,,size=S,1,USD,1`));
  expect([again.body.done, await named('Cup Vera'), (await named('Cup Viola')).name]).toEqual([1, undefined, 'Cup Viola']);
});

test('rows count once where several processes save one part of a file at once', async () => {
  const file = (price: number) => fileOf(...Array.from({ length: 250 }, (_, n) => `T-${n},Jar Wilma,,,,,,,${price},USD,1`));
  await importProducts(w, mona, file(1));
  const { id } = (await sendProducts(w, mona, file(2))).body;
  const ctx = w.souk.runtime.context('imports', systemScope);
  await Promise.allSettled([1, 2, 3].map(() => runImport(ctx as never, { importId: id })));
  await w.step();
  expect((await mona.get(`/v1/imports/${id}`)).body).toMatchObject({ state: 'done', rows: 250, done: 250, refused: 0 });
});
