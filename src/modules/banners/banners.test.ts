import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { system } from '#kernel/context.ts';
import { derivedId } from '#kernel/ids.ts';
import { systemScope } from '#kernel/runtime.ts';
import { announcing, picture, sendFile } from '../../../test/uploading.ts';
import { type Person, type World, world } from '../../../test/world.ts';

let w: World;
let rita: Person;
let bytes: Buffer;

beforeAll(async () => {
  w = await world();
  [rita, bytes] = [await w.person('rita', ['catalog-manager']), await picture('red', 200, 100)];
});

const onShow = async (query = '') => (await w.get(`/v1/banners${query}`)).body.items;
const idsOf = (items: { id: string }[]) => items.map(({ id }) => id);
/** A banner with its image. */
async function banner(body: object): Promise<{ id: string; version: number }> {
  const made = await rita.post('/v1/banners', { ...body, image: announcing(bytes) });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  await sendFile(w, made.body.upload, bytes);
  await w.step();
  return made.body;
}

describe('a banner', () => {
  test('is on show once its image has come, in its placement and order', async () => {
    const made = await rita.post('/v1/banners', {
      ...{ placement: 'start', link: '/products?category=phone', alt: 'Phones', image: announcing(bytes, { alt: 'Not this' }) },
    });
    expect([made.headers.get('location'), made.headers.get('etag')]).toEqual(['/v1/banners', '"1"']);
    expect(await onShow('?placement=start')).toEqual([]);
    await sendFile(w, made.body.upload, bytes);
    await w.step();
    const [shown] = await onShow('?placement=start');
    expect(shown).toMatchObject({ id: made.body.id, link: '/products?category=phone', alt: 'Phones', version: 2 });
    expect(shown.image).toMatchObject({ id: made.body.upload.id, alt: 'Phones', width: 200 });
    const first = await banner({ placement: 'start', position: 0 });
    expect(idsOf(await onShow('?placement=start'))).toEqual([first.id, made.body.id]);
    expect(await onShow('?placement=cart')).toEqual([]);
    const page = (await w.get('/v1/banners?placement=start&limit=1')).body;
    expect(idsOf(await onShow(`?placement=start&limit=1&cursor=${page.nextCursor}`))).toEqual([made.body.id]);
    expect(idsOf(await w.ask('banners', 'shown', { placement: 'start' }))).toEqual([first.id, made.body.id]);
  });

  test('is on show from its beginning until its end; staff see it before and after', async () => {
    const at = (later: number) => new Date(w.clock.now().getTime() + minutes(later)).toISOString();
    const { id } = await banner({ placement: 'timed', startsAt: at(1), endsAt: at(2) });
    expect(await onShow('?placement=timed')).toEqual([]);
    expect(idsOf((await rita.get('/v1/banners?placement=timed&show=all')).body.items)).toEqual([id]);
    expect(await w.get('/v1/banners?show=all')).toBeProblem(401, 'unauthenticated');
    expect(await (await w.person('ann')).get('/v1/banners?show=all')).toBeProblem(403, 'forbidden');
    w.clock.advance(minutes(1));
    w.souk.dropReady();
    expect(idsOf(await onShow('?placement=timed'))).toEqual([id]);
    w.clock.advance(minutes(1));
    w.souk.dropReady();
    expect(await onShow('?placement=timed')).toEqual([]);
    await rita.patch(`/v1/banners/${id}`, { endsAt: null });
    expect(idsOf(await onShow('?placement=timed'))).toEqual([id]);
  });

  test('is changed, gets another image, and is deleted with it', async () => {
    const { id } = await banner({ placement: 'changing' });
    const stale = { 'if-match': '"1"' };
    expect(await rita.patch(`/v1/banners/${id}`, { alt: 'x' }, stale)).toBeProblem(412, 'version-mismatch');
    expect(await rita.delete(`/v1/banners/${id}`, stale)).toBeProblem(412, 'version-mismatch');
    const changed = await rita.patch(`/v1/banners/${id}`, { alt: 'New', link: 'https://example.com/x' }, { 'if-match': '"2"' });
    expect(changed.body).toMatchObject({ alt: 'New', link: 'https://example.com/x', version: 3 });
    for (const nothing of [{}, { alt: 'New' }]) expect((await rita.patch(`/v1/banners/${id}`, nothing)).body.version).toBe(3);
    const before = (await onShow('?placement=changing'))[0].image.id;
    const next = await rita.post(`/v1/banners/${id}/image`, announcing(bytes));
    await sendFile(w, next.body, bytes);
    await w.step();
    expect((await onShow('?placement=changing'))[0].image).toMatchObject({ id: next.body.id, alt: 'New' });
    expect((await rita.get(`/v1/media/${before}`)).body.reason).toBe('no-longer-needed');
    await rita.patch(`/v1/banners/${id}`, { image: null });
    expect(await onShow('?placement=changing')).toEqual([]);
    const late = await rita.post(`/v1/banners/${id}/image`, announcing(bytes));
    expect((await rita.delete(`/v1/banners/${id}`)).status).toBe(204);
    await sendFile(w, late.body, bytes);
    await w.step();
    for (const { body } of [next, late]) expect((await rita.get(`/v1/media/${body.id}`)).body.reason).toBe('no-longer-needed');
    expect(await rita.patch(`/v1/banners/${id}`, { alt: 'x' })).toBeProblem(404, 'not-found');
    expect(await rita.delete(`/v1/banners/${id}`)).toBeProblem(404, 'not-found');
    expect(await rita.post(`/v1/banners/${id}/image`, announcing(bytes))).toBeProblem(404, 'not-found');
  });

  test('that was announced with a file which is no image is removed; one that had been there before stays', async () => {
    const junk = Buffer.from('no image, whatever its name says');
    const made = await rita.post('/v1/banners', { placement: 'junk', image: announcing(junk) });
    const plain = await rita.post('/v1/banners', { placement: 'junk' });
    const other = await rita.post(`/v1/banners/${plain.body.id}/image`, announcing(junk));
    for (const upload of [made.body.upload, other.body]) await sendFile(w, upload, junk);
    await w.step();
    expect(idsOf((await rita.get('/v1/banners?placement=junk&show=all')).body.items)).toEqual([plain.body.id]);
  });

  test('whose image came to nothing is shown without an address to a repeated call, and takes another image under a new key', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const body = { placement: 'over', image: announcing(bytes) };
    const [made, older] = [await rita.post('/v1/banners', body, key), await banner({ placement: 'older' })];
    const path = `/v1/banners/${older.id}/image`;
    const next = await rita.post(path, announcing(bytes), key);
    await w.ask('media', 'discard', { ids: [made.body.upload.id, next.body.id], reason: 'over' });
    const again = await rita.post('/v1/banners', body, key);
    expect([again.status, again.headers.get('idempotent-replayed'), again.body.id, again.body.upload]).toEqual([
      201,
      'true',
      made.body.id,
      undefined,
    ]);
    expect(await rita.post(path, announcing(bytes), key)).toBeProblem(409, 'media/upload-expired');
    expect((await rita.post(path, announcing(bytes), { 'idempotency-key': randomUUID() })).status).toBe(201);
    const cutOff = randomUUID(); // a call that announced the image and made no banner
    const id = derivedId('banner', `${rita.id}:postBanners`, cutOff);
    const wish = { key: derivedId('banner-image', id), ownerId: rita.id, purpose: 'banner-image', subjectId: id, ...announcing(bytes) };
    await w.ask('media', 'discard', { ids: [(await w.ask<{ id: string }>('media', 'announce', wish)).id], reason: 'over' });
    expect(await rita.post('/v1/banners', body, { 'idempotency-key': cutOff })).toBeProblem(409, 'media/upload-expired');
  });

  test('is one per key, in a crowd too, for other APIs as well', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const body = { placement: 'once', image: announcing(bytes) };
    const replies = await Promise.all(Array.from({ length: 5 }, () => rita.post('/v1/banners', body, key)));
    expect(new Set(replies.map(({ status, body }) => `${status} ${body.id} ${body.upload.id}`)).size).toBe(1);
    expect(await rita.post('/v1/banners', { placement: 'twice' }, key)).toBeProblem(422, 'idempotency-key-reused');
    const call = { key: randomUUID(), image: announcing(bytes, { alt: 'Sale' }) };
    const scope = { ...systemScope, actor: { ...system, kind: 'user' as const, id: rita.id } };
    const announced = async () => (await w.souk.runtime.ask('kernel', 'banners', 'announce', call, scope)) as { id: string };
    expect((await announced()).id).toBe((await announced()).id);
  });

  const refusals: [what: string, body: object, pointer: string][] = [
    ['a script for a link', { link: 'javascript:alert(1)' }, '/link'],
    ['another host for a path', { link: '//evil.example' }, '/link'],
    ['a path with backslashes', { link: '/\\evil.example' }, '/link'],
    ['an end before its beginning', { startsAt: '2026-01-02T00:00:00.000Z', endsAt: '2026-01-01T00:00:00.000Z' }, '/endsAt'],
    ['a year that is none', { startsAt: '0000-01-01T00:00:00Z' }, '/startsAt'],
    ['an alt of invisible characters', { alt: '\u200B\u3164' }, '/alt'],
    ['a placement that is no slug', { placement: 'Home page' }, '/placement'],
  ];
  test.each(refusals)('is refused with %s', async (_, body, pointer) => {
    const reply = await rita.post('/v1/banners', body);
    expect(reply).toBeProblem(422, 'invalid');
    expect(reply.body.errors[0].pointer).toBe(pointer);
  });

  test('is refused beyond a thousand, and a change that ends it before it begins', async () => {
    const { id } = await banner({ placement: 'ends', startsAt: '2026-01-02T00:00:00.000Z' });
    expect(await rita.patch(`/v1/banners/${id}`, { endsAt: '2026-01-01T00:00:00.000Z' })).toBeProblem(422, 'invalid');
    await w.sql(
      `insert into banners.banners (id, placement, alt, position) select gen_random_uuid(), 'many', '', 9 from generate_series(1, 1000)`,
    );
    expect(await rita.post('/v1/banners', {})).toBeProblem(409, 'banners/too-many-banners');
  });
});
