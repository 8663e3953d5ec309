import { expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { type Person, type Reply, usd } from '../../../test/people.ts';
import { world } from '../../../test/world.ts';

const WORD = 'unmistakable';

test('after a deletion, with flags and decisions about the same reviews at the same time, no text is left and no review counts', async () => {
  const w = await world({ env: { REVIEW_FLAG_ACCOUNT_HOURS: '0' } });
  const other = await w.sibling();
  const there = (person: Person) => other.withToken(person, person.token);
  const root = await w.admin();
  const [mia, max] = [await w.person('mia', ['moderator']), await w.person('max', ['moderator'])];
  const crowd = [await w.person('ann'), await w.person('bob'), await w.person('cem')];
  const key = await w.partner('Watchers', ['reviews:moderate']);
  const lamps = [await root.lists({ price: usd(1_00) }), await root.lists({ price: usd(2_00) }), await root.lists({ price: usd(3_00) })];
  const gone: Person[] = [];
  for (let round = 0; round < 4; round++) {
    const eve = await w.person(`${WORD}${round}`);
    gone.push(eve);
    const ids: string[] = [];
    for (const lamp of lamps) {
      const comment = ids.length === 0 ? `Ring ${WORD} on +21699887700` : `So ${WORD}.`;
      ids.push((await eve.post(`/v1/products/${lamp}/reviews`, { rating: 3, comment })).body.id);
    }
    await w.step();
    const [item] = (await root.get('/v1/moderation/queue')).body.items;
    const reason = `${WORD} again`;

    const replies: (Reply | undefined)[] = await Promise.all([
      eve.delete(`/v1/customers/${eve.username}`),
      mia.post(`/v1/moderation/${item.id}/decision`, { decision: 'remove', reason }),
      there(max).post(`/v1/moderation/${item.id}/decision`, { decision: 'approve', reason }),
      ...crowd.flatMap((person) => ids.map((id) => there(person).post(`/v1/reviews/${id}/flag`, { reason }))),
      ...ids.map((id) => max.post(`/v1/reviews/${id}/moderation`, { action: 'remove', reason })),
      key.delete(`/v1/reviews/${ids[1]}`),
      there(eve).patch(`/v1/reviews/${ids[2]}`, { comment: `Even more ${WORD}.` }),
      there(eve).get(`/v1/customers/${eve.username}/export`),
      other.step().then(() => undefined),
    ]);

    expect(replies.filter((reply) => reply && reply.status >= 500)).toEqual([]);
    expect(replies[0]?.status).toBe(204);
  }
  w.clock.advance(minutes(3));
  for (let turn = 0; turn < 3; turn++) await w.step();

  const text = (await w.dump()).split('\n');
  for (const { id } of gone) expect(text.some((row) => row.includes(id))).toBe(true); // the ids stay, and the tables were read
  expect(text.filter((row) => row.includes(WORD))).toEqual([]);
  expect(await w.sql('select 1 from reviews.summaries where count <> 0')).toEqual([]);
  expect(await w.sql("select 1 from moderation.items where state = 'open'")).toEqual([]);
}, 60_000);
