import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportedProducts, importProducts } from '../../../test/importing.ts';
import { draftOf, lamp } from '../../../test/sample-products.ts';
import { type Person, type World, world } from '../../../test/world.ts';

let w: World;
let root: Person;
let sue: Person;

beforeAll(async () => {
  w = await world();
  [root, sue] = [await w.admin(), await w.seller('sue')];
});

const fr = { name: 'Lampe de bureau', description: 'Elle éclaire où vous voulez.' };
const ar = { name: 'مِصباح المكتب' };
const read = async (id: string, who: Pick<Person, 'get'> = w) => (await who.get(`/v1/products/${id}`)).body;
const changes = (who: Person, id: string, translations: unknown) => who.patch(`/v1/products/${id}`, { translations });
const publicLamp = async (who = root, more: object = {}) => {
  const id = await draftOf(who, { ...lamp, ...more });
  if (who !== root) await who.post(`/v1/products/${id}/submit`);
  if (who !== root) await root.post(`/v1/products/${id}/approve`);
  return id;
};

describe('a product is translated', () => {
  test('when it is listed, by language tags in their canonical spelling; without any it says {}', async () => {
    const made = await sue.post('/v1/products', { ...lamp, translations: { FR: fr, 'fr-tn': { name: 'Lampe' }, ar } });
    expect([made.status, made.body.translations]).toEqual([201, { fr, 'fr-TN': { name: 'Lampe' }, ar }]);
    expect((await sue.post('/v1/products', lamp)).body.translations).toEqual({});
  });

  test('by a merge patch: languages and texts that are absent stay, null removes, and an empty text is none', async () => {
    const id = await draftOf(sue, { ...lamp, translations: { fr, ar } });
    const steps: [patch: unknown, after: object][] = [
      [{ de: { name: 'Lampe' } }, { ar, de: { name: 'Lampe' }, fr }],
      [
        { fr: { name: 'Luminaire' }, de: null },
        { ar, fr: { ...fr, name: 'Luminaire' } },
      ],
      [
        { fr: { description: '' }, it: null },
        { ar, fr: { name: 'Luminaire' } },
      ],
      [{ fr: { name: null }, ar: {} }, { ar }],
      [null, {}],
    ];
    for (const [patch, after] of steps) expect((await changes(sue, id, patch)).body.translations).toEqual(after);
    expect((await sue.patch(`/v1/products/${id}`, { brand: 'Nova' })).body).toMatchObject({ translations: {}, brand: 'Nova' });
  });

  test('the same key with other translations is refused', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const calls = [{ fr }, { FR: fr }, { ar }].map((translations) => ({ ...lamp, translations }));
    const replies = [];
    for (const body of calls) replies.push(await sue.post('/v1/products', body, key));
    expect(replies[1]!.headers.get('idempotent-replayed')).toBe('true');
    expect(replies[2]).toBeProblem(422, 'idempotency-key-reused');
  });

  const tags = 'aa ab af ak am ar as av ay az ba be bg bh bi bm bn bo br bs ca'.split(' ');
  const WRONG: [what: string, translations: unknown, pointer: string][] = [
    ['21 languages', Object.fromEntries(tags.map((tag) => [tag, ar])), '/translations'],
    [
      'more than 30,000 characters',
      Object.fromEntries(tags.slice(0, 7).map((tag) => [tag, { description: 'x'.repeat(4_300) }])),
      '/translations',
    ],
    ['no language', { french: fr }, '/translations/french'],
    ['an extension', { 'fr-u-nu-arab': fr }, '/translations/fr-u-nu-arab'],
    ['a name of prototypes', { constructor: fr }, '/translations/constructor'],
    ['a language twice', { 'fr-TN': fr, 'fr-tn': fr }, '/translations/fr-tn'],
    ['too long a name', { fr: { name: 'x'.repeat(201) } }, '/translations/fr/name'],
    ['too long a description', { fr: { description: 'x'.repeat(5001) } }, '/translations/fr/description'],
    ['a name of two lines', { fr: { name: 'a\nb' } }, '/translations/fr/name'],
    ['another field', { fr: { title: 'x' } }, '/translations/fr/title'],
    ['a text', { fr: 'Lampe' }, '/translations/fr'],
  ];
  test.each(WRONG)('but not by %s', async (_, translations, pointer) => {
    const refused = await sue.post('/v1/products', { ...lamp, translations });
    expect(refused).toBeProblem(422, 'invalid');
    expect(refused.body.errors.map((error: { pointer: string }) => error.pointer)).toEqual([pointer]);
  });

  test('up to twenty languages, however they came', async () => {
    const twenty = Object.fromEntries(tags.slice(0, 20).map((tag) => [tag, ar]));
    const id = await draftOf(sue, { ...lamp, translations: twenty });
    expect(await changes(sue, id, { ca: ar })).toBeProblem(409, 'catalog/too-many-translations');
    expect((await changes(sue, id, { aa: null, ca: ar })).status).toBe(200);
    expect(await changes(sue, id, Object.fromEntries(tags.slice(1, 8).map((tag) => [tag, { description: 'x'.repeat(4_300) }])))).toBeProblem(409, 'catalog/too-many-translations'); // biome-ignore format: one claim
    await expect(
      w.sql(`update catalog.products set translations = translations || '{"zu": {"name": "x"}}' where id = $1`, [id]),
    ).rejects.toThrow('products_translations');
    const { token } = sue;
    const body = `{"translations": {"__proto__": {"name": "x"}}}`;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    expect(await w.fetch(`/v1/products/${id}`, { method: 'PATCH', headers, body })).toBeProblem(400, 'malformed');
  });

  test('into several languages at once, by several people, and nothing is lost', async () => {
    const id = await publicLamp(sue);
    const [mine, theirs] = [tags.slice(0, 8), tags.slice(8, 16)];
    const replies = await Promise.all([
      ...mine.map((tag) => changes(sue, id, { [tag]: { name: tag } })),
      ...theirs.map((tag) => changes(root, id, { [tag]: { name: tag } })),
    ]);
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    await root.post(`/v1/products/${id}/approve`);
    expect(Object.keys((await read(id)).translations).sort()).toEqual([...mine, ...theirs].sort());
  });
});

describe('of an approved product of a seller', () => {
  test('translations wait for review while the approved ones are shown, in lists too', async () => {
    const id = await publicLamp(sue, { name: 'Waiting lamp', translations: { fr } });
    const etag = (await w.get(`/v1/products/${id}`)).headers.get('etag');
    await changes(sue, id, { fr: { name: 'Luminaire' }, ar });
    const { body } = await changes(sue, id, { fr: null, de: { name: 'Leuchte' } });
    expect([body.translations, body.pending]).toEqual([{ fr }, { translations: { fr: null, ar, de: { name: 'Leuchte' } } }]);
    expect((await read(id)).translations).toEqual({ fr });
    const { items } = (await root.get('/v1/product-approvals')).body;
    expect(items.find(({ product }: { product: { id: string } }) => product.id === id).waits).toEqual(['translations']);
    await changes(root, id, { it: { name: 'Lampada' } }); // staff's shows at once, and what waits does not undo it
    await root.post(`/v1/products/${id}/approve`);
    const after = { ar, de: { name: 'Leuchte' }, it: { name: 'Lampada' } };
    const shown = await w.get(`/v1/products/${id}`);
    expect([shown.body.translations, shown.headers.get('etag')]).toEqual([after, expect.not.stringMatching(`^${etag}$`)]);
    expect((await w.get('/v1/products?q=leuchte')).body.items[0]).toMatchObject({ id, translations: after });
  });

  test('a rejection forgets them, and so does taking them back; what was removed and comes again is new', async () => {
    const id = await publicLamp(sue, { translations: { fr } });
    await changes(sue, id, { fr: { name: 'Luminaire' } });
    await root.post(`/v1/products/${id}/reject`, { reason: 'No.' });
    expect(await read(id, sue)).toMatchObject({ translations: { fr }, rejection: 'No.' });
    await changes(sue, id, { fr: null });
    expect((await changes(sue, id, { fr: { name: 'Luminaire' } })).body.pending.translations).toEqual({ fr: { name: 'Luminaire', description: null } }); // biome-ignore format: one claim
    const back = (await changes(sue, id, { fr })).body;
    expect([back.pending, back.translations]).toEqual([undefined, { fr }]);
    await root.post(`/v1/products/${id}/approve`).then((reply) => expect(reply.status).toBe(409)); // nothing waits
  });

  test('an approval adds no more languages than a product has', async () => {
    const languages = 'aa ab af ak am ar as av ay az'.split(' ');
    const id = await publicLamp(sue, { translations: Object.fromEntries(languages.map((tag) => [tag, ar])) });
    const others = 'ba be bg bh bi bm bn bo br bs'.split(' ');
    await changes(sue, id, Object.fromEntries(others.map((tag) => [tag, ar])));
    await changes(root, id, { zu: ar });
    expect(await root.post(`/v1/products/${id}/approve`)).toBeProblem(409, 'catalog/too-many-translations');
    await changes(root, id, { zu: null });
    expect((await root.post(`/v1/products/${id}/approve`)).status).toBe(200);
  });
});

describe('a search finds a product by its translated', () => {
  beforeAll(async () => {
    const bedside = {
      fr: { name: 'Téléviseur pliable', description: 'Écran brillant' },
      ar: { name: 'تِلفاز قابل للطيّ', description: 'شاشة' },
    };
    await publicLamp(root, { name: 'Foldable screen', translations: bedside });
    await publicLamp(root, { name: 'Another', description: 'A televiseur in its description.' });
    await w.step();
  });
  const SEARCHES: [what: string, q: string][] = [
    ['French name, accents aside', 'televiseur pliable'],
    ['Arabic name, vowel marks aside', 'تلفاز'],
    ['French description', 'ecran'],
    ['Arabic description', 'شاشة'],
    ['name, with a typing error', 'televisuer pliable'],
    ['name before what others say elsewhere', 'televiseur'],
  ];
  test.each(SEARCHES)('%s', async (_, q) => {
    expect((await w.get(`/v1/products?${new URLSearchParams({ q })}`)).body.items[0]).toMatchObject({ name: 'Foldable screen' });
  });
});

test('a file says translations as a patch does, and an export says them all', async () => {
  const row = (cell: string) => `id,name,price,currency,translations\nTR-1,Lamp,1,USD,"${cell.replaceAll('"', '""')}"`;
  const refusals = async (cell: string) => (await importProducts(w, root, row(cell))).body.report?.[0];
  await importProducts(w, root, row(JSON.stringify({ fr, ar })));
  await importProducts(w, root, row(JSON.stringify({ ar: null, de: { name: '=Leuchte' } })));
  expect(await exportedProducts(root)).toContain('"{""de"":{""name"":""=Leuchte""},""fr"":{');
  const WRONG: [cell: string, reason: string][] = [
    ['Lampe', 'must be JSON such as {"fr":{"name":"Lampe"}}'],
    ['{"__proto__":{"name":"x"}}', 'must be JSON such as {"fr":{"name":"Lampe"}}'],
    ['{"fr":{"name":"\\ud83d"}}', 'must not hold half a character'],
    ['{"fr":{"name":"a\\u0000b"}}', 'fr/name: must be one line, without control characters'],
    [JSON.stringify(Object.fromEntries([...'abcdefghijklmnopqrstu'].map((letter) => [`a${letter}`, ar]))), expect.stringContaining('at most 20 languages') as never], // biome-ignore format: one case
  ];
  for (const [cell, reason] of WRONG) expect(await refusals(cell)).toMatchObject({ row: 2, column: 'translations', reason });
});

test('products of before translations say that they have none, from the migration on', async () => {
  const id = await publicLamp(root, { description: 'Says "stock":7 and }.' });
  const document = async () =>
    (await w.sql<{ document: string }>('select document from catalog.products where id = $1', [id]))[0]!.document;
  const before = JSON.parse(await document());
  await w.sql('update catalog.products set document = $2 where id = $1', [id, JSON.stringify({ ...before, translations: undefined })]);
  const migration = readFileSync(new URL('./migrations/018_documents_with_translations.sql', import.meta.url), 'utf8');
  const [statement] = /^update catalog\.products set document .*;$/m.exec(migration)!;
  await w.sql(statement.replace(';', ' and id = $1'), [id]);
  expect(JSON.parse(await document())).toEqual(before);
});
