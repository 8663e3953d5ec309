import { beforeAll, expect, test } from 'vitest';
import { openPlans } from '../../../test/explained-plans.ts';
import { announcing, picture, sendFile } from '../../../test/uploading.ts';
import { type World, world } from '../../../test/world.ts';
import { hours } from '../../kernel/clock.ts';

/** With 100,000 uploads and images, what calls, jobs and timers ask of uploads, images and profile pictures goes by an index. */

let w: World;
let explained: (text: string) => Promise<string>;

beforeAll(async () => {
  w = await world();
  const { client } = await openPlans(w);
  await client.query(`
    insert into media.images (hash, width, height, widths, stored_at, created_at)
      select rpad(n::text, 43, 'x'), 4, 3, '{4}', now(), now() from generate_series(1, 100000) as n;
    insert into media.uploads (id, key, owner_id, purpose, subject_id, file_name, content_type, alt, state, image_hash, expires_at, created_at, changed_at)
      select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'product-image', gen_random_uuid(), 'a', 'image/jpeg', '', 'attached', rpad(n::text, 43, 'x'),
        now(), now(), now() from generate_series(1, 100000) as n;
    insert into profiles.pictures (account_id, media_id, image) select gen_random_uuid(), gen_random_uuid(), '{}' from generate_series(1, 100000);
    analyze media.images, media.uploads, profiles.pictures`);
  explained = async (text) => (await client.query(`explain (generic_plan) ${text}`)).rows.map((row) => row['QUERY PLAN']).join('\n');
}, 120_000);

test('each statement of the life of a profile picture, and of what looks after files', async () => {
  const bob = await w.person('bob');
  const bytes = await picture('red', 200, 100);
  const asked = await w.statements(async () => {
    for (let time = 0; time < 2; time++) {
      const announced = await bob.post('/v1/users/profile/picture', announcing(bytes));
      await sendFile(w, announced.body, bytes);
      await w.step();
      await bob.get(`/v1/media/${announced.body.id}`);
      await w.get(`/v1/users/${bob.id}/profile`);
    }
    await bob.post('/v1/users/profile/picture', announcing(bytes));
    await bob.delete('/v1/users/profile/picture');
    w.clock.advance(hours(24 * 31));
    await w.step();
  });
  const ours = [...new Set(asked)].filter((text) => /\b(media\.(uploads|images)|profiles\.pictures)\b/.test(text));
  expect(ours.length).toBeGreaterThan(20);
  const whole: string[] = [];
  for (const text of ours) if (/Seq Scan on (uploads|images|pictures)/.test(await explained(text))) whole.push(text.trim());
  expect(whole).toEqual([]);
});
