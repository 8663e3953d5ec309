import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Person } from '../../../test/people.ts';
import { announcing, picture, sendFile } from '../../../test/uploading.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let red: Buffer;
let blue: Buffer;

beforeAll(async () => {
  w = await world();
  [red, blue] = [await picture('red', 200, 100), await picture('blue', 200, 100)];
});

const announces = async (person: Person, bytes: Buffer, alt = '') =>
  (await person.post('/v1/users/profile/picture', announcing(bytes, { alt }))).body;
const shows = async (person: Person, bytes: Buffer, alt = '') => {
  const upload = await announces(person, bytes, alt);
  expect((await sendFile(w, upload, bytes)).status).toBe(200);
  await w.step();
  return upload.id as string;
};
const pictureOf = async ({ id }: Person) => (await w.get(`/v1/users/${id}/profile`)).body.picture;
const stateOf = async (person: Person, id: string) => (await person.get(`/v1/media/${id}`)).body.state;

describe('a picture', () => {
  test('is shown once it has been checked, and can be fetched by everybody', async () => {
    const bob = await w.person('bob');
    const announced = await bob.post('/v1/users/profile/picture', announcing(red, { alt: 'Bob in red' }));
    expect([announced.status, announced.headers.get('location'), announced.body.state]).toEqual([
      201,
      `/v1/media/${announced.body.id}`,
      'awaiting_upload',
    ]);
    expect(await pictureOf(bob)).toBeNull();
    await sendFile(w, announced.body, red);
    await w.step();
    const shown = await pictureOf(bob);
    expect(shown).toMatchObject({ id: announced.body.id, alt: 'Bob in red' });
    expect((await w.fetch(new URL(shown.url).pathname)).headers.get('content-type')).toBe('image/jpeg');
    expect(await stateOf(bob, shown.id)).toBe('attached');
  });

  test('takes the place of the older one, whose files go', async () => {
    const ann = await w.person('ann');
    const first = await shows(ann, red);
    const second = await shows(ann, blue);
    expect((await pictureOf(ann)).id).toBe(second);
    expect(await ann.get(`/v1/media/${first}`)).toMatchObject({
      status: 200,
      body: { state: 'refused', reason: 'no-longer-needed', image: null },
    });
  });

  test('that was announced last is shown, though it arrives first', async () => {
    const cleo = await w.person('cleo');
    const [early, late] = [await announces(cleo, red), await announces(cleo, blue)];
    await sendFile(w, late, blue);
    await sendFile(w, early, red);
    await w.step();
    expect((await pictureOf(cleo)).id).toBe(late.id);
    await w.tellAgain('media.image-ready.v1', 'profiles.tell-media');
    await w.step();
    expect((await pictureOf(cleo)).id).toBe(late.id);
    expect(await stateOf(cleo, late.id)).toBe('attached');
    expect((await cleo.get(`/v1/media/${early.id}`)).body).toMatchObject({
      ...{ state: 'refused', reason: 'no-longer-needed', image: null },
      explanation: expect.stringContaining('another one took its place'),
    });
    expect(await w.sql('select 1 from notifications.notifications where account_id = $1', [cleo.id])).toEqual([]);
  });

  test('whose place a later one has taken is refused at once when its file comes', async () => {
    const mia = await w.person('mia');
    const early = await announces(mia, red);
    const late = await shows(mia, blue);
    expect((await mia.get(`/v1/media/${early.id}`)).body).toMatchObject({ state: 'refused', reason: 'no-longer-needed' });
    expect(await sendFile(w, early, red)).toBeProblem(409, 'media/upload-expired');
    const next = await announces(mia, red);
    await w.ask('media', 'attach', { id: late });
    expect(await stateOf(mia, next.id)).toBe('awaiting_upload');
  });

  test('that is removed is gone, and what was announced before does not become one', async () => {
    const dan = await w.person('dan');
    await shows(dan, red);
    const underWay = await announces(dan, blue);
    for (let times = 0; times < 2; times++) expect((await dan.delete('/v1/users/profile/picture')).status).toBe(204);
    await sendFile(w, underWay, blue);
    await w.step();
    expect(await pictureOf(dan)).toBeNull();
    expect(await stateOf(dan, underWay.id)).toBe('refused');
    expect((await pictureOf(dan)) ?? (await shows(dan, red))).toBeTypeOf('string');
    expect(await pictureOf(dan)).not.toBeNull();
  });

  test('is removed by those who have seen its version', async () => {
    const joe = await w.person('joe');
    const etag = async () => (await w.get(`/v1/users/${joe.id}/profile`)).headers.get('etag')!;
    const without = await etag();
    await shows(joe, red);
    const remove = (seen: string) => joe.delete('/v1/users/profile/picture', { 'if-match': seen });
    expect(await remove(without)).toBeProblem(412, 'version-mismatch');
    expect(await pictureOf(joe)).not.toBeNull();
    expect((await remove(await etag())).status).toBe(204);
    expect(await pictureOf(joe)).toBeNull();
  });

  test('that was announced and came to nothing is announced again under a new key only', async () => {
    const eve = await w.person('eve');
    const announce = (key: string) => eve.post('/v1/users/profile/picture', announcing(red), { 'idempotency-key': key });
    const [key, other] = [randomUUID(), randomUUID()];
    const { body } = await announce(key);
    expect((await announce(key)).body).toEqual(body);
    await w.ask('media', 'discard', { ids: [body.id], reason: 'over' });
    expect(await announce(key)).toBeProblem(409, 'media/upload-expired');
    expect((await announce(other)).status).toBe(201);
  });

  test('that is no image leaves the older one', async () => {
    const eve = await w.person('eve');
    const first = await shows(eve, red);
    await shows(eve, Buffer.from('<svg onload="alert(1)"/>'.repeat(9)));
    expect((await pictureOf(eve)).id).toBe(first);
  });
});

test('ten pictures that arrive at once end in the one that was announced last', async () => {
  const fay = await w.person('fay');
  const uploads = await Promise.all(Array.from({ length: 10 }, () => announces(fay, red)));
  await Promise.all(uploads.map((upload) => sendFile(w, upload, red)));
  await w.step();
  const last = uploads
    .map(({ id }) => id)
    .sort()
    .at(-1);
  expect((await pictureOf(fay)).id).toBe(last);
  const states = await Promise.all(uploads.map(async ({ id }) => stateOf(fay, id)));
  expect(states.filter((state) => state === 'attached')).toHaveLength(1);
});

test('an account that is closed has its picture in the export, and leaves none behind', async () => {
  const gil = await w.person('gil');
  const shown = await shows(gil, red, 'Gil in red');
  expect((await gil.get('/v1/customers/gil/export')).body.profilePicture.id).toBe(shown);
  const underWay = await announces(gil, blue);
  expect((await gil.delete('/v1/customers/gil')).status).toBe(204);
  await sendFile(w, underWay, blue);
  await w.step();
  expect(await w.sql('select image, closing from profiles.pictures where account_id = $1', [gil.id])).toEqual([
    { image: null, closing: true },
  ]);
});

test('favorites show people with their pictures', async () => {
  const [hal, ida] = [await w.person('hal'), await w.person('ida')];
  const shown = await shows(ida, blue);
  await hal.post('/v1/favorites', { userId: ida.id });
  expect((await hal.get('/v1/favorites')).body.items).toMatchObject([{ user: { username: 'ida', picture: { id: shown } } }]);
});
