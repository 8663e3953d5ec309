import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModules } from '../apps/modules.ts';
import { ROOT } from './conventions.ts';
import { usd } from './people.ts';
import { undeclaredByName } from './personal-data.ts';
import { openRoom, type Server, startServer } from './real-server.ts';
import { type World, world } from './world.ts';

/** The module of docs/writing-a-module.md, built from that page outside the repository, with a folder `souk` beside it. */
const place = mkdtempSync(join(tmpdir(), 'souk-points-'));
const folder = join(place, 'points');
const room = openRoom('points');
let w: World;
let server: Server | undefined;

beforeAll(async () => {
  const page = readFileSync(join(ROOT, 'docs/writing-a-module.md'), 'utf8');
  const files = [...page.matchAll(/^`([\w./-]+)`\n\n```(?:ts|sql)\n(.*?)^```$/gms)];
  expect(files.map(([, path]) => path)).toContain('module.ts');
  expect(files.length).toBeGreaterThan(8);
  symlinkSync(ROOT, join(place, 'souk'));
  const [, commands] = /^```bash\n(.*?)^```$/ms.exec(page)!;
  const env = {
    ...process.env,
    npm_config_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_cache: join(place, 'cache'),
  };
  const made = spawnSync('bash', ['-ec', commands!], { cwd: place, env, encoding: 'utf8' });
  expect(made.status, made.stderr).toBe(0);
  for (const [, path, text] of files) {
    mkdirSync(dirname(join(folder, path!)), { recursive: true });
    writeFileSync(join(folder, path!), text!);
  }
  w = await world({ modules: await loadModules(join(folder, 'module.ts')), env: { POINTS_PER_UNIT: '2' } });
});

afterAll(async () => {
  await server?.kill();
  room.clear();
  rmSync(place, { recursive: true });
});

test('a module by others hears orders, answers its routes, and obeys its settings and permissions', async () => {
  const lamp = await (await w.admin()).lists({ price: usd(20_50) });
  const bob = await w.buyer('bob', { balance: usd(50_00) });
  expect((await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] })).status).toBe(201);
  await w.step();
  expect((await bob.get('/v1/points')).body).toEqual({ points: 40 });
  expect(await w.get('/v1/points')).toBeProblem(401, 'unauthenticated');
  expect(await bob.get(`/v1/points/of?accountId=${bob.id}`)).toBeProblem(403, 'forbidden');
  expect((await (await w.person('sam', ['support'])).get(`/v1/points/of?accountId=${bob.id}`)).body).toEqual({ points: 40 });
});

test('it is in the API document and in the export of an account, and what it stores of an account goes with it', async () => {
  const ann = await w.person('ann');
  await w.sql('insert into points.balances (account_id, points, changed_at) values ($1, 7, now())', [ann.id]);
  const document = w.souk.openapi() as { paths: object; components: { schemas: { CustomerExport: { properties: object } } } };
  expect(Object.keys(document.paths)).toContain('/v1/points');
  expect(document.components.schemas.CustomerExport.properties).toHaveProperty('points');
  expect((await ann.get('/v1/customers/ann/export')).body.points).toEqual({ points: 7 });
  expect(await undeclaredByName(w)).toEqual([]);
  expect((await ann.delete('/v1/customers/ann')).status).toBe(204);
  expect(await w.sql('select 1 from points.balances where account_id = $1', [ann.id])).toEqual([]);
});

test('its declarations are at work: demo data, a limit, states, standing, a sealed name, a timer, a job, an event', async () => {
  const [eve, root] = [await w.buyer('eve', { balance: usd(50_00) }), await w.admin()];
  const points = w.souk.runtime.modules.find(({ name }) => name === 'points')!;
  await points.fixtures!({ as: async () => async (path, body) => (await eve.post(path, body)).body });
  expect((await eve.get('/v1/customers/eve/export')).body.pointsCard).toBe('Bob');
  const row = async () =>
    (await w.sql('select points, state, card_sealed as card from points.balances where account_id = $1', [eve.id]))[0];
  expect(await row()).toMatchObject({ points: 0, state: 'active', card: expect.not.stringContaining('Bob') });

  for (const [suspended, state] of [
    [true, 'frozen'],
    [false, 'active'],
  ] as const) {
    // biome-ignore format: two rows
    await root.post(`/v1/users/${eve.id}/suspension`, { suspended, reason: 'spam' });
    await w.step();
    expect(await row()).toMatchObject({ state });
  }

  await w.sql("update points.balances set points = 7, changed_at = now() - interval '366 days' where account_id = $1", [eve.id]);
  await w.step();
  await w.step();
  expect(await row()).toMatchObject({ points: 0 });
  expect(await w.sql("select payload from told.outbox where name = 'points.expired.v1'")).toEqual([
    { payload: { accountId: eve.id, points: 7 } },
  ]);
  const shapes = w.souk.openapi() as { paths: Record<string, { post?: { responses: object } }> };
  expect(Object.keys(shapes.paths['/v1/points/card']!.post!.responses)).toContain('429');
});

test('SOUK_MODULES starts a real server with it', async () => {
  server = await startServer(room.path, { DATABASE_URL: w.databaseUrl, SOUK_MODULES: join(folder, 'module.ts') });
  expect((await server.call('/health')).body.modules).toContain('points');
  expect((await server.call('/v1/points')).status).toBe(401);
});

test.each([
  ['./nowhere.ts', /SOUK_MODULES: .*nowhere\.ts cannot be loaded/],
  [join(ROOT, 'src/kernel/zod.ts'), /must export one module.*it exports none/],
  [join(ROOT, 'src/modules/orders/module.ts'), /there are two modules called orders/],
])('SOUK_MODULES=%s is refused with a sentence', async (path, message) => {
  await expect(loadModules(path)).rejects.toThrow(message);
});
