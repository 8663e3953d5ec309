import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import type { Subject } from '#moderation';
import type { Person } from '../../../test/people.ts';
import { review, rowsOf, waiting as waitingIn } from '../../../test/waiting.ts';
import { type World, world } from '../../../test/world.ts';
import type { Decision } from './item-state.ts';

let w: World;
let mona: Person;

beforeAll(async () => {
  w = await world();
  mona = await w.person('mona', ['moderator']);
});

const waiting = (subject: Subject) => waitingIn(w, subject);
const resolve = (subject: Subject, decision: Decision) => w.ask('moderation', 'resolve', { subject, decision, reason: null, by: newId() });
const decide = (id: string, body: object) => mona.post(`/v1/moderation/${id}/decision`, body);
const told = (id: string) => w.sql("select payload from told.outbox where name = 'moderation.decided.v2' and subject = $1", [id]);

describe('a decision', () => {
  test('is sent to the owner of the subject, once, and audited', async () => {
    const subject = review();
    const { id } = await waiting(subject);
    const reply = await decide(id, { decision: 'remove', reason: ' It insults the seller. ' });
    expect(reply.body).toMatchObject({
      id,
      state: 'decided',
      decision: 'remove',
      decisionReason: 'It insults the seller.',
      decidedBy: mona.id,
    });
    expect(await told(id)).toEqual([{ payload: { itemId: id, subject, decision: 'remove', by: mona.id } }]); // ids; the reason is asked for
    expect(await w.ask('moderation', 'reasonOf', { itemId: id })).toEqual({ reason: 'It insults the seller.' });
    expect(await w.ask('moderation', 'reasonOf', { itemId: newId() })).toEqual({ reason: null });
    const audit = await w.sql('select operation, outcome from kernel.audit where subject = $1', [id]);
    expect(audit).toEqual([{ operation: 'postModerationByIdDecision', outcome: 'done' }]);
  });

  test('of twenty moderators at the same time is made by one; the others get a conflict', async () => {
    const { id } = await waiting(review());
    const others = await Promise.all(Array.from({ length: 20 }, (_, index) => w.person(`moderator${index}`, ['moderator'])));
    const replies = await Promise.all(
      others.map((person, index) =>
        person.post(`/v1/moderation/${id}/decision`, index % 2 ? { decision: 'approve' } : { decision: 'remove', reason: 'Rude.' }),
      ),
    );
    const won = replies.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const reply of replies.filter(({ status }) => status !== 200)) {
      expect(reply).toBeProblem(409, 'moderation/already-decided');
      expect(reply.body.decision).toBe(won[0]?.body.decision);
    }
    expect(await told(id)).toMatchObject([{ payload: { decision: won[0]?.body.decision } }]);
  });

  test('gets the same answer when the same moderator repeats it, also twenty times at once', async () => {
    const { id } = await waiting(review());
    const same = () => decide(id, { decision: 'remove', reason: 'Rude.' });
    const replies = [...(await Promise.all(Array.from({ length: 20 }, same))), await same()];

    expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(replies.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
    expect(await told(id)).toHaveLength(1);
    for (const other of [{ decision: 'remove', reason: 'Another.' }, { decision: 'approve' }])
      expect(await decide(id, other)).toBeProblem(409, 'moderation/already-decided');
  });

  test('needs a reason to remove, one of the two decisions, and something to decide on', async () => {
    const { id } = await waiting(review());
    const missing = await decide(id, { decision: 'remove' });
    expect(missing).toBeProblem(422, 'invalid');
    expect(missing.body.errors).toMatchObject([{ pointer: '/reason' }]);
    for (const body of [
      { decision: 'remove', reason: '  ' },
      { decision: 'remove', reason: 'half an emoji: \ud83d' },
      { decision: 'flag', reason: 'x' },
      { decision: 'approve', by: id },
      {},
    ])
      expect(await decide(id, body)).toBeProblem(422, 'invalid');
    for (const nobody of [newId(), 'no-id']) expect(await decide(nobody, { decision: 'approve' })).toBeProblem(404, 'not-found');
    expect(await told(id)).toEqual([]);
  });

  test('is for moderators', async () => {
    const { id } = await waiting(review());
    const bob = await w.person('bob');
    expect(await bob.post(`/v1/moderation/${id}/decision`, { decision: 'approve' })).toBeProblem(403, 'forbidden');
    expect(await bob.get('/v1/moderation/queue')).toBeProblem(403, 'forbidden');
  });

  test('that the owning module has made closes the item, sends no event, and may be repeated', async () => {
    const subject = review();
    const { id } = await waiting(subject);
    expect(await resolve(subject, 'flag')).toEqual({});
    expect(await resolve(subject, 'remove')).toEqual({});
    expect(await resolve(review(), 'approve')).toEqual({});
    expect(await rowsOf(w, subject)).toMatchObject([{ id, state: 'decided', decision: 'flag' }]);
    expect(await told(id)).toEqual([]);
    expect(await decide(id, { decision: 'approve' })).toBeProblem(409, 'moderation/already-decided');
  });

  test('cannot be changed, even by SQL', async () => {
    const { id } = await waiting(review());
    await decide(id, { decision: 'approve' });
    for (const change of [
      `update moderation.items set state = 'open', decision = null, decided_by = null, decided_at = null where id = '${id}'`,
      `update moderation.items set decision = 'remove' where id = '${id}'`,
      `update moderation.items set subject_id = gen_random_uuid() where id = '${id}'`,
      `update moderation.items set decision_reason = 'another' where id = '${id}'`,
    ])
      await expect(w.sql(change), change).rejects.toMatchObject({ constraint: 'items_decided_once' });
    await w.sql(`update moderation.items set excerpt_sealed = null, decision_reason = null where id = '${id}'`); // as when its author leaves
    await expect(w.sql(`update moderation.items set excerpt_sealed = 'other' where id = '${id}'`)).rejects.toMatchObject({
      constraint: 'items_decided_once',
    });
    await expect(w.sql(`delete from moderation.items where id = '${id}'`)).rejects.toThrow(/kept/);
    await expect(w.sql('truncate moderation.items')).rejects.toThrow(/kept/);
    await expect(w.sql(`update moderation.items set state = 'decided' where state = 'open'`)).rejects.toMatchObject({
      constraint: 'items_decided_wholly',
    });
  });
});
