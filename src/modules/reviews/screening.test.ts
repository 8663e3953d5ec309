import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

/** What moderation says of a text, and what a moderator decides in its queue, a review obeys. */

const FINE = 'It bends.';
const DOUBTFUL = 'Cheaper at https://shop.example.com/lamps';
const FORBIDDEN = 'I will kill you.';

let w: World;
let bob: Person;
let mia: Person;
let crowd: Person[];

beforeAll(async () => {
  w = await world({ env: { REVIEW_FLAG_ACCOUNT_HOURS: '0' } });
  [bob, mia] = [await w.person('bob'), await w.person('mia', ['moderator'])];
  crowd = [await w.person('ann'), await w.person('tim'), await w.person('kay')];
});

const lists = async () => (await w.admin()).lists({ price: usd(5_00) });
const write = (product: string, comment: string) => bob.post(`/v1/products/${product}/reviews`, { rating: 5, comment });
const ratingOf = async (product: string) => (await w.get(`/v1/products/${product}`)).body.rating;
const stateOf = async (id: string) => (await mia.get(`/v1/reviews/${id}`)).body.state;
const decide = (item: { id: string }, decision: string, reason?: string) =>
  mia.post(`/v1/moderation/${item.id}/decision`, { decision, reason });
const flagAll = (id: string) => Promise.all(crowd.map((person) => person.post(`/v1/reviews/${id}/flag`, { reason: 'x' })));

/** The items of a review in the queue. */
async function itemsOf(id: string, state = 'open') {
  await w.step();
  const { items } = (await mia.get(`/v1/moderation/queue?kind=review&limit=100&state=${state}`)).body;
  return items.filter(({ subject }: { subject: { id: string } }) => subject.id === id);
}

describe('a text', () => {
  test('that is forbidden is neither written nor changed to', async () => {
    const lamp = await lists();
    const refused = await write(lamp, FORBIDDEN);
    expect(refused).toBeProblem(422, 'moderation/text-refused');
    expect(refused.body.rules).toEqual(['english/threat']);
    const { id } = (await write(lamp, FINE)).body;
    expect(await bob.patch(`/v1/reviews/${id}`, { comment: FORBIDDEN })).toBeProblem(422, 'moderation/text-refused');
    expect((await w.get(`/v1/reviews/${id}`)).body).toMatchObject({ comment: FINE, version: 1 });
  });

  test('in doubt waits unseen for a look, and shows and counts once it is approved', async () => {
    const lamp = await lists();
    const written = await write(lamp, DOUBTFUL);
    const { id } = written.body;
    expect([written.status, written.body.state]).toEqual([201, 'pending']);
    expect(await w.get(`/v1/reviews/${id}`)).toBeProblem(404, 'not-found');
    const [item, ...others] = await itemsOf(id);
    expect(item).toMatchObject({ author: bob.id, reason: 'screening', rules: ['link'], excerpt: DOUBTFUL });
    expect(others).toEqual([]);
    expect(await ratingOf(lamp)).toEqual({ average: null, count: 0 });
    expect(await bob.patch(`/v1/reviews/${id}`, { comment: FINE })).toBeProblem(409, 'reviews/wrong-state');

    expect((await decide(item, 'approve')).status).toBe(200);
    await w.step();

    expect((await w.get(`/v1/reviews/${id}`)).body).toMatchObject({ state: 'published', comment: DOUBTFUL });
    expect(await ratingOf(lamp)).toEqual({ average: 5, count: 1 });
  });

  test('changed to one in doubt hides the review; removed, its author reads why', async () => {
    const lamp = await lists();
    const { id } = (await write(lamp, FINE)).body;
    expect((await bob.patch(`/v1/reviews/${id}`, { comment: DOUBTFUL })).body.state).toBe('pending');
    const [item] = await itemsOf(id);
    expect(await ratingOf(lamp)).toEqual({ average: null, count: 0 });
    await decide(item, 'remove', 'It advertises.');
    await w.step();
    expect((await bob.get(`/v1/reviews/${id}`)).body).toMatchObject({ state: 'removed', reason: 'It advertises.' });
  });

  test('that waited may be deleted and written again; no moderator needs to read it any more', async () => {
    const lamp = await lists();
    const { id } = (await write(lamp, DOUBTFUL)).body;
    const [item] = await itemsOf(id);
    await bob.delete(`/v1/reviews/${id}`);
    const anew = await write(lamp, FINE);
    expect([anew.status, anew.body.state]).toEqual([201, 'published']);
    expect(await itemsOf(id)).toEqual([]);
    expect(await decide(item, 'approve')).toBeProblem(409, 'moderation/already-decided');
  });
});

describe('the queue', () => {
  test('holds a review that enough people flagged, once, and its decision is obeyed', async () => {
    const lamp = await lists();
    const { id } = (await write(lamp, FINE)).body;
    await flagAll(id);
    const [item, ...others] = await itemsOf(id);
    expect([item, others]).toMatchObject([{ reason: 'flags', rules: [], excerpt: FINE }, []]);
    await decide(item, 'approve');
    await w.step();
    expect(await stateOf(id)).toBe('published');
    await flagAll(id); // old flags do not count again
    expect(await stateOf(id)).toBe('published');
    expect(await itemsOf(id)).toEqual([]);
  });

  test('forgets a review that was decided upon elsewhere, or whose author is forgotten', async () => {
    const { id } = (await write(await lists(), DOUBTFUL)).body;
    expect(await itemsOf(id)).toHaveLength(1);
    await mia.post(`/v1/reviews/${id}/moderation`, { action: 'remove', reason: 'It advertises.' });
    expect(await itemsOf(id)).toEqual([]);
    expect(await itemsOf(id, 'decided')).toMatchObject([{ decision: 'remove', decisionReason: 'It advertises.', decidedBy: mia.id }]);
    const eve = await w.person('eve');
    const hers = (await eve.post(`/v1/products/${await lists()}/reviews`, { rating: 1, comment: DOUBTFUL })).body;
    expect(await itemsOf(hers.id)).toHaveLength(1);
    await w.ask('reviews', 'life.forget', { accountId: eve.id });
    expect(await itemsOf(hers.id)).toEqual([]);
  });

  test('keeps a review that waits again, although an older decision arrives late', async () => {
    const { id } = (await write(await lists(), DOUBTFUL)).body;
    await mia.post(`/v1/reviews/${id}/moderation`, { action: 'approve' });
    await flagAll(id); // both before the queue heard of either
    expect(await itemsOf(id)).toMatchObject([{ reason: 'flags' }]);
    await w.tellAgain('reviews.settle-item', 'reviews.ask-to-look');
    expect(await itemsOf(id)).toHaveLength(1);
  });

  test('decides nothing of words that came after the decision, and holds the review again', async () => {
    const { id } = (await write(await lists(), DOUBTFUL)).body;
    const [item] = await itemsOf(id);
    await decide(item, 'approve');
    await mia.post(`/v1/reviews/${id}/moderation`, { action: 'approve' });
    expect((await bob.patch(`/v1/reviews/${id}`, { comment: `${DOUBTFUL}!` })).body.state).toBe('pending'); // before the event has arrived
    expect(await itemsOf(id)).toMatchObject([{ reason: 'screening', excerpt: `${DOUBTFUL}!` }]);
    expect(await stateOf(id)).toBe('pending');
  });

  test('decides nothing of a review that staff removed meanwhile, nor of other things', async () => {
    const { id } = (await write(await lists(), DOUBTFUL)).body;
    const [item] = await itemsOf(id);
    await decide(item, 'approve');
    await mia.post(`/v1/reviews/${id}/moderation`, { action: 'remove', reason: 'x' }); // before the event has arrived
    await w.step();
    expect(await stateOf(id)).toBe('removed');
    const { id: other } = (await write(await lists(), FINE)).body;
    for (const subject of [
      { kind: 'message', id: other },
      { kind: 'review', id: newId() },
    ]) {
      const made = await w.ask<{ id: string }>('moderation', 'enqueue', {
        subject,
        author: bob.id,
        reason: 'flags',
        rules: [],
        excerpt: 'x',
      });
      await decide(made, 'remove', 'x');
    }
    await w.step();
    expect(await stateOf(other)).toBe('published');
  });
});
