import { Writable } from 'node:stream';
import pino from 'pino';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { type Subject, textRefused } from '#moderation';
import { outcome } from '../../../test/outcome.ts';
import type { Person } from '../../../test/people.ts';
import { review, rowsOf, waiting as waitingIn } from '../../../test/waiting.ts';
import { type World, world } from '../../../test/world.ts';
import type { Item } from './item.ts';

let w: World;
let mona: Person;
const logged: string[] = [];

beforeAll(async () => {
  const stream = new Writable({
    write(chunk, _, done) {
      logged.push(String(chunk));
      done();
    },
  });
  w = await world({ log: pino({ level: 'trace' }, stream) });
  mona = await w.person('mona', ['moderator']);
});

const waiting = (subject: Subject, more?: object) => waitingIn(w, subject, more);
const decide = (id: string, body: object) => mona.post(`/v1/moderation/${id}/decision`, body);

/** All pages of a list, from a cursor on. */
async function allOf(query: string, from = ''): Promise<Item[]> {
  const items: Item[] = [];
  let cursor = from;
  do {
    const { body } = await mona.get(`/v1/moderation/queue?${query}${cursor && `&cursor=${cursor}`}`);
    items.push(...body.items);
    cursor = body.nextCursor;
  } while (cursor);
  return items;
}

describe('what waits', () => {
  test('is shown to a moderator with its excerpt, its rules and its author', async () => {
    const [subject, author] = [review(), newId()];
    const { id } = await waiting(subject, { author, rules: ['french/insult', 'english/insult', 'french/insult'] });
    expect((await allOf('kind=review')).find((item) => item.id === id)).toEqual({
      id,
      subject,
      author,
      reason: 'screening',
      rules: ['english/insult', 'french/insult'],
      excerpt: 'You idiot.',
      state: 'open',
      decision: null,
      decisionReason: null,
      decidedBy: null,
      decidedAt: null,
      createdAt: expect.any(String),
    });
  });

  test('is one item for each subject, with the rules of all calls at the same time', async () => {
    const subject = review();
    const ids = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        waiting(subject, { reason: index % 2 ? 'flags' : 'screening', rules: [`rule-${index % 5}`] }),
      ),
    );
    expect(new Set(ids.map(({ id }) => id)).size).toBe(1);
    expect(await rowsOf(w, subject)).toMatchObject([{ state: 'open', rules: ['rule-0', 'rule-1', 'rule-2', 'rule-3', 'rule-4'] }]);
  });

  test('keeps its first author, reason and excerpt when it is asked for again', async () => {
    const subject = review();
    const { id } = await waiting(subject);
    expect(await waiting(subject, { reason: 'flags', rules: ['flagged'], excerpt: 'Something else.' })).toEqual({ id });
    const [item] = (await allOf('kind=review')).filter((found) => found.id === id);
    expect(item).toMatchObject({ reason: 'screening', excerpt: 'You idiot.', rules: ['english/insult', 'flagged'] });
  });

  test('waits again, as another item, after it was decided', async () => {
    const subject = review();
    const first = await waiting(subject);
    await decide(first.id, { decision: 'approve' });
    const second = await waiting(subject);
    expect(second.id).not.toBe(first.id);
    expect((await rowsOf(w, subject)).map(({ state }) => state).sort()).toEqual(['decided', 'open']);
  });

  test('keeps its excerpt sealed, cut at a thousand characters, and out of the log', async () => {
    const excerpt = `Hemlich${'😀'.repeat(1500)}`;
    const { id } = await waiting(review(), { excerpt });
    const [row] = await w.sql<{ everything: string }>('select items::text as everything from moderation.items where id = $1', [id]);
    expect(row?.everything).not.toMatch(/Hemlich|😀/);
    const found = (await allOf('')).find((item) => item.id === id);
    expect([...(found?.excerpt ?? '')]).toHaveLength(1000);
    expect(found?.excerpt).toBe([...excerpt].slice(0, 1000).join(''));
    await decide(id, { decision: 'remove', reason: 'No.' });
    expect(logged.join('')).not.toMatch(/Hemlich|😀/);
  });

  test('does not open when its sealed excerpt was moved to another item', async () => {
    const v = await world();
    const [a, b] = [review(), review()];
    for (const subject of [a, b])
      await v.ask('moderation', 'enqueue', { subject, author: newId(), reason: 'flags', rules: [], excerpt: subject.id });
    await v.sql(
      'update moderation.items set excerpt_sealed = (select excerpt_sealed from moderation.items where subject_id = $1) where subject_id = $2',
      [a.id, b.id],
    );
    const ned = await v.person('ned', ['moderator']);
    expect((await ned.get('/v1/moderation/queue')).status).toBe(500);
  });

  test('loses what an author wrote when the author is erased, decided or not; the ids stay', async () => {
    const author = newId();
    const open = await waiting(review(), { author });
    const gone = await waiting(review(), { author });
    const other = await waiting(review());
    await decide(gone.id, { decision: 'remove', reason: 'Rude.' });
    await w.ask('moderation', 'life.forget', { accountId: author });
    await w.ask('moderation', 'life.forget', { accountId: author });
    const items = [...(await allOf('')), ...(await allOf('state=decided'))];
    const excerptOf = (id: string) => items.find((item) => item.id === id);
    expect(excerptOf(open.id)).toMatchObject({ author, excerpt: null, state: 'open' });
    expect(excerptOf(gone.id)).toMatchObject({ author, excerpt: null, state: 'decided', decision: 'remove' });
    expect(excerptOf(other.id)).toMatchObject({ excerpt: 'You idiot.' });
  });
});

describe('the queue', () => {
  test('comes in pages that lose and repeat nothing: open ones oldest first, decided ones newest first, of one kind if wished', async () => {
    const subjects = Array.from({ length: 25 }, (_, index) => ({ kind: index % 2 ? 'message' : 'request', id: newId() }));
    const ids: string[] = [];
    for (const subject of subjects) ids.push((await waiting(subject)).id);
    const mine = (items: Item[]) => items.map((item) => item.id).filter((id) => ids.includes(id));
    const messages = ids.filter((_, index) => index % 2);
    expect(mine(await allOf('limit=4'))).toEqual(ids);
    expect(mine(await allOf('limit=3&kind=message'))).toEqual(messages);

    const decisions: string[] = [];
    for (const [index, id] of ids.entries()) {
      await decide(id, { decision: 'approve' });
      decisions.unshift(id);
      if (index % 3 === 0) w.clock.advance(1000); // several are decided in the same moment
    }
    const decided = mine(await allOf('limit=4&state=decided'));
    expect([...decided].sort()).toEqual([...ids].sort());
    const times = (await allOf('limit=7&state=decided')).map((item) => item.decidedAt ?? '');
    expect(times).toEqual([...times].sort().reverse());
    expect([...mine(await allOf('limit=3&state=decided&kind=message'))].sort()).toEqual([...messages].sort());
    expect(mine(await allOf(''))).toEqual([]);
  });

  test('goes on where a page ended while others decide', async () => {
    const kind = 'offer';
    const ids: string[] = [];
    for (let index = 0; index < 9; index++) ids.push((await waiting({ kind, id: newId() })).id);
    const first = await mona.get(`/v1/moderation/queue?kind=${kind}&limit=3`);
    for (const id of ids.slice(0, 4)) await decide(id, { decision: 'approve' });
    const rest = await allOf(`kind=${kind}&limit=3`, first.body.nextCursor);
    expect(rest.map((item) => item.id)).toEqual(ids.slice(4));
  });

  test('refuses a cursor of another list', async () => {
    const { body } = await mona.get('/v1/moderation/queue?limit=1');
    expect(await mona.get(`/v1/moderation/queue?state=decided&cursor=${body.nextCursor}`)).toBeProblem(400, 'malformed');
    expect(await mona.get('/v1/moderation/queue?state=lost')).toBeProblem(422, 'invalid');
  });

  test('costs one statement a page and the audit entry; to ask for a look costs one, screening none', async () => {
    await mona.get('/v1/moderation/queue');
    expect(await w.statements(() => mona.get('/v1/moderation/queue'))).toHaveLength(2);
    expect(await w.statements(() => mona.get('/v1/moderation/queue?state=decided&kind=review'))).toHaveLength(2);
    expect(await w.statements(() => waiting(review()))).toHaveLength(1);
    expect(await w.statements(() => w.ask('moderation', 'screen', { texts: ['you idiot'] }))).toHaveLength(0);
  });
});

test('other modules screen texts, and refuse with a problem that names the rules and says what to do', async () => {
  expect(await w.ask('moderation', 'screen', { texts: ['A lamp.', 'Call 98 123 456, idiot'] })).toEqual({
    verdict: 'review',
    rules: ['contact/phone', 'english/insult', 'french/insult'],
  });
  const refusal = textRefused({ rules: ['english/hate', 'link'] });
  expect(refusal).toMatchObject({ status: 422, code: 'moderation/text-refused', extra: { rules: ['english/hate', 'link'] } });
  expect(refusal.message).toMatch(/english\/hate, link\. Remove/);
  expect(await outcome(Promise.reject(refusal))).toBe('moderation/text-refused');
});
