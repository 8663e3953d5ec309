import { beforeAll, describe, expect, test } from 'vitest';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let bob: Person;
let mia: Person;
let crowd: Person[];

beforeAll(async () => {
  w = await world({ env: { REVIEW_FLAG_ACCOUNT_HOURS: '0' } });
  [bob, mia] = [await w.person('bob'), await w.person('mia', ['moderator'])];
  crowd = [];
  for (const name of ['ann', 'tim', 'kay', 'leo', 'zoe', 'max', 'ida']) crowd.push(await w.person(name));
});

const reviewed = async (rating = 5): Promise<{ id: string; lamp: string }> => {
  const lamp = await (await w.admin()).lists({ price: usd(5_00) });
  return { id: (await bob.post(`/v1/products/${lamp}/reviews`, { rating, comment: 'It bends.' })).body.id, lamp };
};
const ratingOf = async (product: string) => (await w.get(`/v1/products/${product}`)).body.rating;
const stateOf = async (id: string) => (await mia.get(`/v1/reviews/${id}`)).body.state;
const flag = (who: Person, id: string, reason = 'It is an insult.') => who.post(`/v1/reviews/${id}/flag`, { reason });
const decide = (id: string, action: string, reason?: string, headers = {}) =>
  mia.post(`/v1/reviews/${id}/moderation`, { action, reason }, headers);

describe('a flag', () => {
  test('counts once per person, and when three people have flagged, the review is hidden and counts no more', async () => {
    const { id, lamp } = await reviewed();
    const [ann, tim, kay] = crowd as [Person, Person, Person];
    const first = await flag(ann, id);
    expect([first.status, first.body]).toEqual([201, { reviewId: id, reason: 'It is an insult.', createdAt: expect.any(String) }]);
    const again = await flag(ann, id, 'I repeat.');
    expect([again.status, again.headers.get('idempotent-replayed'), again.body]).toEqual([201, 'true', first.body]);
    await flag(tim, id);
    expect(await stateOf(id)).toBe('published');
    await flag(kay, id);
    expect(await stateOf(id)).toBe('flagged');
    await w.step();
    expect(await ratingOf(lamp)).toEqual({ average: null, count: 0 });
    expect((await flag(kay, id)).status).toBe(201); // as before, though hidden
    expect(await flag(crowd[3]!, id)).toBeProblem(404, 'not-found');
    const told = await w.sql("select payload from told.outbox where name = 'reviews.review-moderated.v1' and subject = $1", [id]);
    expect(told).toEqual([{ payload: { reviewId: id, productId: lamp, customerId: bob.id, from: 'published', to: 'flagged', by: null } }]);
  });

  test('raised by many at once is counted exactly', async () => {
    const { id } = await reviewed();
    await Promise.all(crowd.slice(0, 2).flatMap((person) => [flag(person, id), flag(person, id), flag(person, id)]));
    expect(await stateOf(id)).toBe('published');
    const { id: other } = await reviewed();
    const answers = await Promise.all(crowd.map((person) => flag(person, other)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(await stateOf(other)).toBe('flagged');
  });

  test('from before an approval does not count again after it', async () => {
    const { id, lamp } = await reviewed();
    for (const person of crowd.slice(0, 3)) await flag(person, id);
    expect((await decide(id, 'approve')).body).toMatchObject({ state: 'published' });
    for (const person of crowd.slice(0, 5)) await flag(person, id); // three old ones, two new ones
    expect(await stateOf(id)).toBe('published');
    await flag(crowd[5]!, id);
    expect(await stateOf(id)).toBe('flagged');
    await decide(id, 'approve');
    await w.step();
    expect(await ratingOf(lamp)).toEqual({ average: 5, count: 1 });
  });

  test('is not for one’s own review, nor for what is not public, and needs a reason', async () => {
    const { id } = await reviewed();
    expect(await flag(bob, id)).toBeProblem(409, 'reviews/own-review');
    expect(await flag(crowd[0]!, id, ' ')).toBeProblem(422, 'invalid');
    await decide(id, 'flag');
    expect(await flag(crowd[0]!, id)).toBeProblem(404, 'not-found');
  });

  test('hides as many reviews as the operator says', async () => {
    const strict = await w.sibling({ REVIEW_FLAGS_TO_HIDE: '1' });
    const { id } = await reviewed();
    await strict.withToken(crowd[0]!, crowd[0]!.token).post(`/v1/reviews/${id}/flag`, { reason: 'x' });
    expect(await stateOf(id)).toBe('flagged');
  });
});

describe('accounts that cost nothing to make', () => {
  const openItems = async (id: string) => {
    await w.step();
    const { items } = (await mia.get('/v1/moderation/queue?kind=review&limit=100')).body;
    return items.filter(({ subject }: { subject: { id: string } }) => subject.id === id);
  };
  let strict: World;
  beforeAll(async () => {
    strict = await w.sibling({ REVIEW_FLAG_ACCOUNT_HOURS: '24' });
  });
  const crowdOf = async (name: string, { hoursOld = 0, isConfirmed = true } = {}): Promise<Person[]> => {
    const people = [];
    for (const n of [1, 2, 3]) people.push(await w.person(`${name}${n}`));
    await w.sql(
      `update identity.accounts set created_at = created_at - make_interval(hours => $2), email_confirmed_at = case when $3 then email_confirmed_at end
       where id = any($1)`,
      [people.map(({ id }) => id), hoursOld, isConfirmed],
    );
    return people.map((person) => strict.withToken(person, person.token));
  };
  const flagAll = async (id: string, people: Person[]) => {
    for (const { status } of await Promise.all(people.map((person) => flag(person, id)))) expect(status).toBe(201);
  };

  test.each([
    ['fresh', 'published', {}],
    ['nearly a day old', 'published', { hoursOld: 23 }],
    ['unconfirmed and old', 'published', { hoursOld: 2000, isConfirmed: false }],
    ['confirmed and a day old', 'flagged', { hoursOld: 24 }],
  ])('three that are %s leave a review %s, and a moderator looks at it', async (name, state, kind) => {
    const people = await crowdOf(name.replaceAll(' ', '-'), kind);
    const { id } = await reviewed();
    await flagAll(id, people.slice(0, 2));
    expect(await openItems(id)).toEqual([]);
    await flagAll(id, people.slice(2));
    expect(await stateOf(id)).toBe(state);
    expect(await openItems(id)).toMatchObject([{ reason: 'flags', author: bob.id }]);
  });

  test('do not add to those that count, and end with the moderator’s decision', async () => {
    const old = await crowdOf('old', { hoursOld: 48 });
    const fresh = await crowdOf('fresh');
    const { id } = await reviewed();
    await flagAll(id, [...fresh, ...old.slice(0, 2)]);
    const [item] = await openItems(id);
    await mia.post(`/v1/moderation/${item.id}/decision`, { decision: 'approve' });
    expect(await openItems(id)).toEqual([]);
    expect(await stateOf(id)).toBe('published');
    await flagAll(id, old); // two of them are repeated, and one is new
    expect(await openItems(id)).toEqual([]);
    const { id: removed } = await reviewed();
    await flagAll(removed, fresh);
    const [other] = await openItems(removed);
    await mia.post(`/v1/moderation/${other.id}/decision`, { decision: 'remove', reason: 'It is an insult.' });
    await w.step();
    expect(await stateOf(removed)).toBe('removed');
  });

  test('leave nothing in the queue of a review that its author deletes, or whose author is forgotten', async () => {
    const fresh = await crowdOf('late');
    const eve = await w.person('eve');
    const { id: his, lamp } = await reviewed();
    const { id: hers } = (await eve.post(`/v1/products/${lamp}/reviews`, { rating: 5, comment: 'x' })).body;
    for (const id of [his, hers]) await flagAll(id, fresh);
    for (const id of [his, hers]) expect(await openItems(id)).toHaveLength(1);
    await bob.delete(`/v1/reviews/${his}`);
    await w.ask('reviews', 'life.forget', { accountId: eve.id });
    for (const id of [his, hers]) expect(await openItems(id)).toEqual([]);
  });
});

describe('a moderator', () => {
  test('removes with a reason, which its author can read and nobody else, and may approve again', async () => {
    const { id, lamp } = await reviewed();
    expect(await decide(id, 'remove')).toBeProblem(422, 'invalid');
    expect((await decide(id, 'remove', 'It names a private person.')).body).toMatchObject({ state: 'removed' });
    expect((await bob.get(`/v1/reviews/${id}`)).body).toMatchObject({ state: 'removed', reason: 'It names a private person.' });
    for (const other of [w, crowd[0]!]) expect(await other.get(`/v1/reviews/${id}`)).toBeProblem(404, 'not-found');
    expect(await bob.patch(`/v1/reviews/${id}`, { comment: 'Better?' })).toBeProblem(409, 'reviews/wrong-state');
    await w.step();
    expect(await ratingOf(lamp)).toEqual({ average: null, count: 0 });
    await decide(id, 'approve', 'It was the shop’s own address.');
    expect((await bob.get(`/v1/reviews/${id}`)).body.reason).toBe('It was the shop’s own address.');
    expect((await w.get(`/v1/reviews/${id}`)).body).not.toHaveProperty('reason');
  });

  test('decides upon what was read, and leaves a trace', async () => {
    const { id, lamp } = await reviewed();
    await bob.patch(`/v1/reviews/${id}`, { comment: 'Now an insult.' });
    expect(await decide(id, 'approve', undefined, { 'if-match': '"1"' })).toBeProblem(412, 'version-mismatch');
    await decide(id, 'flag', 'Under examination.', { 'if-match': '"2"' });
    const audit = await w.sql(
      "select actor_id, subject, outcome from kernel.audit where operation = 'postReviewsByIdModeration' and subject = $1 and outcome = 'done'",
      [id],
    );
    expect(audit).toEqual([{ actor_id: mia.id, subject: id, outcome: 'done' }]);
    const told = await w.sql("select payload from told.outbox where name = 'reviews.review-moderated.v1' and subject = $1", [id]);
    expect(told).toEqual([
      { payload: { reviewId: id, productId: lamp, customerId: bob.id, from: 'published', to: 'flagged', by: mia.id } },
    ]);
    expect(await bob.patch(`/v1/reviews/${id}`, { comment: 'I am sorry.' })).toBeProblem(409, 'reviews/wrong-state');
  });

  test('deletes permanently: the author cannot write another one', async () => {
    const { id, lamp } = await reviewed();
    expect((await mia.delete(`/v1/reviews/${id}`)).status).toBe(204);
    for (const who of [bob, mia]) expect(await who.get(`/v1/reviews/${id}`)).toBeProblem(404, 'not-found');
    const anew = await bob.post(`/v1/products/${lamp}/reviews`, { rating: 5, comment: 'It bends.' });
    expect(anew).toBeProblem(409, 'reviews/already-reviewed');
    expect(await w.sql('select comment, username from reviews.reviews where id = $1', [id])).toEqual([{ comment: null, username: null }]);
  });

  test.each(['flag', 'remove'])('who said %s is not got round by deleting and writing anew', async (action) => {
    const { id, lamp } = await reviewed();
    await decide(id, action, 'x');
    expect((await bob.delete(`/v1/reviews/${id}`)).status).toBe(204); // its words are gone, its place is not free
    expect(await bob.post(`/v1/products/${lamp}/reviews`, { rating: 5, comment: 'x' })).toBeProblem(409, 'reviews/already-reviewed');
    expect(await w.sql('select comment, username from reviews.reviews where id = $1', [id])).toEqual([{ comment: null, username: null }]);
  });

  test('needs the permission', async () => {
    const { id } = await reviewed();
    expect(await bob.post(`/v1/reviews/${id}/moderation`, { action: 'approve' })).toBeProblem(403, 'forbidden');
  });
});

test('a flag costs six statements, or eight when it hides; a decision five; a deletion four', async () => {
  const { id } = await reviewed();
  const flagged = [];
  for (const person of crowd.slice(0, 3)) flagged.push((await w.statements(() => flag(person, id))).length);
  expect(flagged).toEqual([6, 6, 8]);
  expect(await w.statements(() => decide(id, 'approve'))).toHaveLength(5);
  expect(await w.statements(() => bob.delete(`/v1/reviews/${id}`))).toHaveLength(4);
});
