import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../src/kernel/ids.ts';
import { kernelModule } from '../src/kernel/kernel-module.ts';
import { operationId } from '../src/kernel/routes.ts';
import { everything } from '../src/souk.ts';
import { whileHeld } from './held.ts';
import { changesEnv, changesIn, type Prepared } from './keyed-changes.ts';
import type { Person, Reply } from './people.ts';
import { openRoom, startServer } from './real-server.ts';
import { testSettings } from './settings.ts';
import { type World, world } from './world.ts';

const posts = [kernelModule({} as never, {} as never, true), ...everything].flatMap(({ routes }) =>
  routes.filter(({ method, dialect }) => method === 'POST' && !dialect),
);
const remembered = posts.filter(({ spec }) => spec.again).map(operationId);

let w: World;
let changes: Awaited<ReturnType<typeof changesIn>>;
beforeAll(async () => {
  w = await world({ env: changesEnv });
  changes = await changesIn(w);
});

const newKey = () => ({ 'idempotency-key': `one-key-for-all-${randomUUID().slice(0, 8)}` });
const isReplay = (reply: Reply) => reply.headers.get('idempotent-replayed') === 'true';
const toldOf = (reply: Reply) => [reply.status, isReplay(reply)];

/** A call as it was prepared, by the first of the people unless another is named. */
function send(
  { by, headers, ...call }: Prepared,
  key: Record<string, string>,
  { path = call.path, body = call.body, as = by?.[0] } = {},
): Promise<Reply> {
  const sent = { ...key, ...headers };
  return as ? as.post(path, body, sent) : w.post(path, body ?? {}, sent);
}

/** Nothing that this call could change. */
const elsewhere = ({ path }: Prepared) => path.replace(/[0-9a-f-]{36}/, newId());

describe.each(remembered)('a key of %s', (operation) => {
  const prepared = (): Promise<Prepared> => changes[operation]!();

  test('answers a repeated call as the first one, changes nothing by it, and stands for that call of that caller alone', async () => {
    const key = newKey();
    const call = await prepared();
    const hasPath = elsewhere(call) !== call.path;
    if (hasPath) expect((await send(call, key, { path: elsewhere(call) })).status).toBe(404);

    const first = await send(call, key);
    expect(first.status, JSON.stringify(first.body)).toBeLessThan(300);
    expect(isReplay(first)).toBe(false);
    const again = await send(call, key);
    expect([toldOf(again), again.body]).toEqual([[first.status, true], first.body]);

    await call.meanwhile?.();
    const stands = await call.stands?.();
    const late = await send(call, key);
    expect(toldOf(late), JSON.stringify(late.body)).toEqual([first.status, true]);
    expect(await call.stands?.()).toEqual(stands);

    const others = [
      call.otherBody && { body: call.otherBody },
      call.otherPath && { path: call.otherPath },
      hasPath && { path: elsewhere(call) },
    ];
    for (const other of others)
      if (other) expect(await send(call, key, other), JSON.stringify(other)).toBeProblem(422, 'idempotency-key-reused');
    expect(await call.stands?.()).toEqual(stands);

    const [one, other] = call.by ?? [];
    if (!one || one.id === other!.id) return; // nobody else may call it
    const theirs = await send(call, key, { as: other!, body: call.otherBody ?? call.body! });
    expect(theirs.body?.code).not.toBe('idempotency-key-reused');
    expect(isReplay(theirs)).toBe(false);
  });

  test('has its effect once when the same call comes four times at once', async () => {
    const key = newKey();
    const call = await prepared();
    const replies = await Promise.all([1, 2, 3, 4].map(() => send(call, key)));
    const [first] = replies.filter((reply) => !isReplay(reply));
    expect(replies.map(toldOf).sort()).toEqual([...Array(1).fill([first?.status, false]), ...Array(3).fill([first?.status, true])]);
    expect(first!.status).toBeLessThan(300);
    expect(replies.map(({ body }) => body)).toEqual(Array(4).fill(first!.body));
  });
});

test('every POST answers a repeated call as the first one, or says in the document why it acts again', () => {
  const { paths } = w.souk.openapi() as {
    paths: Record<string, { post?: { operationId: string; description: string; parameters?: { name: string }[] } }>;
  };
  const documented = Object.values(paths).flatMap(({ post }) => post ?? []);
  const silent = documented.filter(({ parameters }) => !parameters?.some(({ name }) => name === 'Idempotency-Key'));
  expect(silent.map(({ operationId }) => operationId).sort()).toEqual(ACTS_AGAIN);
  const saying = documented.filter(({ description }) => description.includes('**Idempotency-Key:**')).map(({ operationId }) => operationId);
  expect(saying.sort()).toEqual(ACTS_AGAIN);
  const honoured = posts.filter(({ spec }) => spec.idempotent || spec.again).map(operationId);
  expect([...honoured, ...ACTS_AGAIN].sort()).toEqual(documented.map(({ operationId }) => operationId).sort());
});

/** What they answer is a secret that is not stored, or is known by what they send. */
const ACTS_AGAIN = [
  'postAuthMfaTotp',
  'postAuthMfaTotpConfirm',
  'postAuthMfaTotpRecoveryCodes',
  'postAuthSignIn',
  'postAuthSignOut',
  'postAuthSocialSignIn',
  'postAuthStepUp',
  'postAuthToken',
  'postDeadLettersRetry',
  'postUploads',
];

test('a call that was refused because of a state is judged afresh with the same key when that has changed', async () => {
  const key = newKey();
  const call = await changes.postOrdersByIdShipped!();
  const other = await changes.postOrdersByIdPacked!();
  const shipping = { ...call, path: other.path.replace('packed', 'shipped') };
  expect(await send(shipping, key)).toBeProblem(409, 'fulfilment/wrong-state');
  await send(other, newKey());
  expect(toldOf(await send(shipping, key))).toEqual([200, false]);
});

test('a twin waits for the first call, and after 5 s is told to ask again with the same key', { timeout: 20_000 }, async () => {
  const key = newKey();
  const call = await changes.postProductsByIdSubmit!();
  const id = call.path.split('/')[3];
  const waited = await whileHeld(
    w,
    { by: `select from catalog.products where id = '${id}' for update`, waiting: 1 },
    () => send(call, key),
    () =>
      expect
        .poll(() => w.sql("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"), {
          timeout: 9000,
        })
        .toEqual([]),
  );
  expect(waited).toBeProblem(409, 'still-running');
  expect(waited.headers.get('retry-after')).toBe('1');
  expect(toldOf(await send(call, key))).toEqual([200, false]);
});

test('a call without a key leaves no row of it, and one with a key costs no more statements', async () => {
  const sent = async (headers: Record<string, string>) => {
    const call = await changes.postOrdersByIdPacked!();
    const before = await w.sql('select from kernel.calls');
    const statements = await w.statements(() =>
      w.fetch(call.path, { method: 'POST', headers: { authorization: `Bearer ${call.by![0].token}`, ...headers } }),
    );
    return [statements.length, (await w.sql('select from kernel.calls')).length - before.length];
  };
  const [without, with_] = [await sent({}), await sent(newKey())];
  expect(with_).toEqual([without[0], 1]);
  expect(without[1]).toBe(0);
});

test('a process that is killed between the effect and the reply has done it, and another one answers the repeated call', {
  timeout: 60_000,
}, async () => {
  await w.sql(`
    create function public.commit_slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(1); return null; end $$;
    create constraint trigger slowly after insert on kernel.calls deferrable initially deferred for each row execute function public.commit_slowly()`);
  const room = openRoom('keyed');
  const { publicUrl } = testSettings();
  const server = await startServer(room.path, {
    DATABASE_URL: w.databaseUrl,
    PUBLIC_URL: publicUrl,
    SOUK_DATA: room.path,
    NODE_ENV: 'test',
  });
  const call = await changes.postProductsByIdApprove!();
  const key = newKey();
  const headers = { ...key, authorization: `Bearer ${call.by![0].token}` };
  const lost = server.call(call.path, { method: 'POST', headers }).catch(() => 'no reply');
  const committing = () =>
    w.sql("select from pg_stat_activity where datname = current_database() and query = 'commit' and wait_event = 'PgSleep'");
  await expect.poll(async () => (await committing()).length, { timeout: 10_000, interval: 20 }).toBe(1);
  await server.kill();
  expect(await lost).toBe('no reply');
  await w.sql('drop trigger slowly on kernel.calls');
  room.clear();

  const again = await send(call, key);
  expect([toldOf(again), again.body.state]).toEqual([[200, true], 'approved']);
  expect(
    await w.sql("select from kernel.audit where operation = 'postProductsByIdApprove' and subject = $1 and outcome = 'done'", [
      again.body.id,
    ]),
  ).toHaveLength(2);
});

test('a partner repeats a step with its API key', async () => {
  const { path } = await changes.postOrdersByIdPacked!();
  const warehouse = await w.partner('Warehouse of Tunis', ['orders:pack']);
  const key = newKey();
  const first = await warehouse.post(path, {}, key);
  const again = await warehouse.post(path, {}, key);
  expect([toldOf(first), toldOf(again), again.body]).toEqual([[200, false], [200, true], first.body]);
  expect(await warehouse.post(path, { carrier: 'B' }, key)).toBeProblem(422, 'idempotency-key-reused');
});

test('what a staff member may no longer see is not shown by a repeated call either', async () => {
  const call = await changes.postOrdersByIdPacked!();
  const gone: Person = await w.person('gone', ['admin']);
  const key = newKey();
  await send(call, key, { as: gone });
  await w.ask('identity', 'grantRoles', { accountId: gone.id, roles: [] });
  const without = await w.person('gone');
  expect(await send(call, key, { as: without })).toBeProblem(404, 'not-found');
});

test('the secret of a webhook is shown again to the same call for an hour, while it is the current one', async () => {
  const call = await changes.postWebhooksByIdSecret!();
  const [key, later] = [newKey(), newKey()];
  const first = await send(call, key);
  expect((await send(call, key)).body).toEqual(first.body);
  const replaced = { ...call, body: { oldValidHours: 0 } };
  const second = await send(replaced, later);
  expect(await send(call, key)).toBeProblem(409, 'integrations/secret-shown');
  const aged = (minutes: number) =>
    w.sql(`update kernel.calls set at = now() - interval '${minutes} minutes' where key = $1`, [later['idempotency-key']]);
  await aged(58);
  expect((await send(replaced, later)).body).toEqual(second.body);
  await aged(62);
  expect(await send(replaced, later)).toBeProblem(409, 'integrations/secret-shown');
});

test('a key of another call is refused before anything has changed', async () => {
  const [one, other] = [await changes.postNotificationsByIdRead!(), await changes.postNotificationsByIdRead!()];
  const key = newKey();
  expect((await send(one, key)).status).toBe(200);
  expect(await send(other, key)).toBeProblem(422, 'idempotency-key-reused');
  expect(await w.sql('select read_at from notifications.notifications where id = $1', [other.path.split('/')[3]])).toEqual([
    { read_at: null },
  ]);
});

test('the entry of a repeated call names what the first one made', async () => {
  const call = await changes.postNotificationsDevices!();
  const key = newKey();
  const first = await send(call, key);
  await send(call, key);
  expect(
    await w.sql(
      "select subject from kernel.audit where operation = 'postNotificationsDevices' and outcome = 'done' order by id desc limit 2",
    ),
  ).toEqual(Array(2).fill({ subject: first.body.id }));
});

test('a step that another call takes at the same moment is refused, and leaves neither its key nor an entry that it was done', async () => {
  const call = await changes.postWebhooksByIdPause!();
  const id = call.path.split('/')[3];
  const key = newKey();
  const late = await whileHeld(
    w,
    { by: `update integrations.webhooks set state = 'paused', paused_because = 'gone' where id = '${id}'`, waiting: 1 },
    () => send(call, key),
  );
  expect(late).toBeProblem(404, 'not-found');
  expect(await w.sql('select from kernel.calls where key = $1', [key['idempotency-key']])).toEqual([]);
  expect(
    await w.sql("select from kernel.audit where operation = 'postWebhooksByIdPause' and subject = $1 and outcome = 'done'", [id]),
  ).toEqual([]);
});

test('keys are forgotten after their days, and the call is then judged afresh', async () => {
  const key = newKey();
  const call = await changes.postProductsByIdSubmit!();
  await send(call, key);
  await w.sql("update kernel.calls set at = now() - interval '31 days' where key = $1", [key['idempotency-key']]);
  await w.step();
  expect(await send(call, key)).toBeProblem(409, 'catalog/wrong-state');
});
