import { randomUUID } from 'node:crypto';
import { newId } from '../src/kernel/ids.ts';
import { type Person, type Reply, usd } from './people.ts';
import { pushService } from './push-service.ts';
import { review, waiting } from './waiting.ts';
import type { World } from './world.ts';

/** A call that changes something, ready to be made. */
export interface Prepared {
  path: string;
  body?: object;
  /** The same call with another content. */
  otherBody?: object;
  otherPath?: string;
  /** Two people who may make it; nobody signed in where there are none. */
  by?: [Person, Person];
  /** Sent with every call. */
  headers?: Record<string, string>;
  /** What happens between the first call and a late repeat. */
  meanwhile?: () => Promise<unknown>;
  /** Something that must be as it is after `meanwhile`, whoever repeats the call. */
  stands?: () => Promise<unknown>;
}

/** What the store proves itself with, in these tests. */
export const STORE_SECRET = 'what the store proves itself with, in this test';

export const changesEnv = { MEDIA_NOTIFICATION_SECRET: STORE_SECRET, PAYOUT_APPROVAL_ABOVE: '1' };

/** Makes fresh things for each call, by the operation that is called. */
export async function changesIn(w: World): Promise<Record<string, () => Promise<Prepared>>> {
  const [root, fred, sue] = [await w.admin(), await w.person('fred', ['admin']), await w.seller('sue')];
  const bob = await w.buyer('bob', { balance: usd(900_00) });
  const lamp = await sue.lists({ name: 'Lamp', price: usd(1_00), stock: 90 });
  const push = await pushService();
  const staff: [Person, Person] = [root, fred];
  let count = 0;
  const fresh = (name: string) => `${name}-${++count}`;
  const done = async (reply: Promise<Reply>) => {
    const { status, body } = await reply;
    if (status >= 300) throw new Error(`not prepared: ${JSON.stringify(body)}`);
    return body;
  };
  const order = async (...steps: string[]): Promise<string> => {
    const { id } = await done(bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] }));
    for (const step of steps) await done(root.post(`/v1/orders/${id}/${step}`, {}));
    return id;
  };
  const ofOrder = (step: string, before: string[], after: string) => async () => {
    const path = `/v1/orders/${await order(...before)}`;
    const meanwhile = () => done(root.post(`${path}/${after}`, after === 'refunds' ? { ...oneLamp, reason: 'Broken.' } : {}));
    const stands = async () => (await root.get(path)).body.timeline;
    return { path: `${path}/${step}`, body: { carrier: 'A' }, otherBody: { carrier: 'B' }, by: staff, meanwhile, stands };
  };
  const oneLamp = { items: [{ productId: lamp, quantity: 1 }] };
  const decision = (word: string, body: object, otherBody: object) => async () => {
    const path = `/v1/orders/${await order('packed', 'delivered')}`;
    await done(bob.post(`${path}/returns`, { ...oneLamp, reason: 'Too bright.' }));
    const [{ id }] = (await root.get(`${path}/returns`)).body.items;
    const stands = async () => (await root.get(`${path}/returns`)).body;
    return { path: `${path}/returns/${id}/${word}`, body, otherBody, by: staff, stands };
  };
  const ofProduct =
    (step: string, state: 'draft' | 'submitted', after: (path: string) => Promise<unknown>, body?: object, otherBody?: object) =>
    async () => {
      const { id } = await done(sue.post('/v1/products', { name: fresh('Rug'), category: 'food', price: usd(1_00), stock: 1 }));
      if (state === 'submitted') await done(sue.post(`/v1/products/${id}/submit`));
      const by: [Person, Person] = step === 'submit' ? [sue, root] : staff;
      const meanwhile = () => after(`/v1/products/${id}`);
      const stands = async () => (await root.get(`/v1/products/${id}`)).body;
      return { path: `/v1/products/${id}/${step}`, body, otherBody, by, meanwhile, stands };
    };
  const reviewed = async (): Promise<string> => {
    const product = await sue.lists({ name: fresh('Vase'), price: usd(1_00) });
    return (await done((await w.person(fresh('critic'))).post(`/v1/products/${product}/reviews`, { rating: 4, comment: 'It bends.' }))).id;
  };
  const notice = async (account: Person): Promise<string> => {
    const id = newId();
    await w.sql(
      `insert into notifications.notifications (id, key, account_id, kind, text, values, in_app, created_at)
       values ($1::uuid, $1::text, $2, 'channel-stopped', 'channel-stopped.email', '{}', true, $3)`,
      [id, account.id, w.clock.now()],
    );
    return id;
  };
  const webhook = async (): Promise<string> =>
    (await done(root.post('/v1/webhooks', { url: 'http://127.0.0.1:9/', events: ['orders.order-rejected'] }))).id;
  const ofWebhook =
    (path: string, prepare: (at: string) => Promise<unknown>, after: string, body?: object, otherBody?: object) => async () => {
      const at = `/v1/webhooks/${await webhook()}`;
      await prepare(at);
      const meanwhile = () => (after ? done(fred.post(`${at}/${after}`)) : undefined);
      const stands = async () => (await root.get(at)).body;
      return { path: `${at}/${path}`, body, otherBody, by: staff, meanwhile: async () => meanwhile(), stands };
    };
  const nothing = async () => {};
  const mailed = (address: string) => /\b\d{6}\b/.exec(w.mail(address)?.text ?? '')?.[0];
  const signedUp = async () => {
    const username = fresh('jane');
    const email = `${username}@example.com`;
    await done(w.post('/v1/auth/sign-up', { username, email, password: PASSWORD, fullName: 'Jane Doe' }));
    await w.step();
    return { username, email };
  };
  const PASSWORD = 'correct horse battery';

  return {
    postOrdersByIdPacked: ofOrder('packed', [], 'delivered'),
    postOrdersByIdShipped: ofOrder('shipped', ['packed'], 'delivered'),
    postOrdersByIdDelivered: ofOrder('delivered', ['packed'], 'refunds'),
    async postOrdersByIdCancel() {
      const path = `/v1/orders/${await order()}`;
      const stands = async () => [(await bob.get(path)).body, await bob.balance()];
      return { path: `${path}/cancel`, body: { reason: 'A' }, otherBody: { reason: 'B' }, by: [bob, root], stands };
    },
    postOrdersByIdReturnsByReturnIdAcceptance: decision('acceptance', {}, { reason: 'Gladly.' }),
    postOrdersByIdReturnsByReturnIdRefusal: decision('refusal', { reason: 'It is scratched.' }, { reason: 'It is late.' }),
    async postPayoutsByIdApproval() {
      const seller = await w.person(fresh('seller'));
      const share = { payee: seller.id, amount: 9_00, commission: 0 };
      await w.ask('wallet', 'collectCash', { key: randomUUID(), payer: bob.id, currency: 'USD', share });
      const { id } = await done(seller.post('/v1/payouts', usd(9_00)));
      const stands = async () => w.adapters.payouts.asked().filter(({ key }) => key === id);
      return { path: `/v1/payouts/${id}/approval`, body: {}, otherBody: { approve: false }, by: staff, meanwhile: () => w.step(), stands };
    },
    postProductsByIdSubmit: ofProduct('submit', 'draft', (path) => done(root.post(`${path}/approve`))),
    postProductsByIdApprove: ofProduct('approve', 'submitted', (path) => done(sue.patch(path, { description: 'Brighter.' }))),
    postProductsByIdReject: ofProduct(
      'reject',
      'submitted',
      (path) => done(sue.post(`${path}/submit`)),
      { reason: 'Too dark.' },
      { reason: 'Too light.' },
    ),
    async postReviewsByIdFlag() {
      const path = `/v1/reviews/${await reviewed()}/flag`;
      return { path, body: { reason: 'It is rude.' }, otherBody: { reason: 'It is false.' }, by: [bob, fred] };
    },
    async postReviewsByIdModeration() {
      const path = `/v1/reviews/${await reviewed()}`;
      const meanwhile = () => done(fred.post(`${path}/moderation`, { action: 'approve' }));
      const stands = async () => (await root.get(path)).body;
      return { path: `${path}/moderation`, body: { action: 'flag' }, otherBody: { action: 'approve' }, by: staff, meanwhile, stands };
    },
    async postModerationByIdDecision() {
      const { id } = await waiting(w, review());
      return {
        path: `/v1/moderation/${id}/decision`,
        body: { decision: 'approve' },
        otherBody: { decision: 'remove', reason: 'Rude.' },
        by: staff,
      };
    },
    async postUsersByUserIdSuspension() {
      const { id } = await w.person(fresh('eve'));
      const path = `/v1/users/${id}/suspension`;
      const meanwhile = () => done(fred.post(path, { suspended: false, reason: 'A mistake.' }));
      const stands = async () => w.sql('select state, version from identity.accounts where id = $1', [id]);
      return {
        path,
        body: { suspended: true, reason: 'Sells fakes.' },
        otherBody: { suspended: true, reason: 'Lies.' },
        by: staff,
        meanwhile,
        stands,
      };
    },
    async postNotificationsRead() {
      await notice(bob);
      const stands = async () => (await bob.get('/v1/notifications/unread-count')).body;
      return { path: '/v1/notifications/read', by: [bob, fred], meanwhile: () => notice(bob), stands };
    },
    async postNotificationsByIdRead() {
      return {
        path: `/v1/notifications/${await notice(bob)}/read`,
        otherPath: `/v1/notifications/${await notice(bob)}/read`,
        by: [bob, bob],
      };
    },
    async postNotificationsDevices() {
      const [body, otherBody] = [push.browser(fresh('a')).subscription, push.browser(fresh('b')).subscription];
      const stands = async () => (await bob.get('/v1/notifications/devices')).body.items.length;
      return { path: '/v1/notifications/devices', body, otherBody, by: [bob, fred], stands };
    },
    async postNotificationsBounces() {
      const account = await w.person(fresh('ida'));
      const email = `${account.username}@example.com`;
      const meanwhile = () => w.sql('delete from notifications.stops where account_id = $1', [account.id]);
      const stands = () => w.sql('select from notifications.stops where account_id = $1', [account.id]);
      return {
        path: '/v1/notifications/bounces',
        body: { email },
        otherBody: { email: 'other@example.com' },
        by: staff,
        meanwhile,
        stands,
      };
    },
    async postNotificationsUnsubscribe() {
      const account = await w.person(fresh('una'));
      const tokenFor = (kind: string) => {
        const text = `${account.id}.${kind}`;
        const { secrets } = w.souk.runtime.context('notifications', { actor: { id: '' } as never, request: null, tx: null });
        return `${text}.${secrets.sign(text, 'notifications.unsubscribe').toString('base64url')}`;
      };
      const path = (kind: string) => `/v1/notifications/unsubscribe?token=${tokenFor(kind)}`;
      const meanwhile = () => done(account.put('/v1/notifications/settings', { kinds: [{ kind: 'sold', channels: { email: true } }] }));
      const stands = async () => (await account.get('/v1/notifications/settings')).body;
      return { path: path('sold'), otherPath: path('order-placed'), body: {}, meanwhile, stands };
    },
    postWebhooksByIdPause: ofWebhook('pause', nothing, 'resume'),
    postWebhooksByIdResume: ofWebhook('resume', (at) => done(root.post(`${at}/pause`)), 'pause'),
    postWebhooksByIdSecret: ofWebhook('secret', nothing, '', {}, { oldValidHours: 0 }),
    async postWebhooksByIdDeliveriesByDeliveryIdRedelivery() {
      const id = await webhook();
      await w.sql(
        `insert into kernel.outbox (id, kind, name, subject, payload, created_at)
         values ($1, 'event', 'orders.order-rejected.v1', $2, jsonb_build_object('orderId', $2::text, 'buyer', $2::text, 'code', 'x'), now())`,
        [newId(), newId()],
      );
      await w.step();
      const [{ id: delivery }] = (await root.get(`/v1/webhooks/${id}/deliveries`)).body.items;
      const stands = () => w.sql('select attempts from integrations.deliveries where id = $1', [delivery]);
      return { path: `/v1/webhooks/${id}/deliveries/${delivery}/redelivery`, by: staff, meanwhile: () => w.step(), stands };
    },
    async postDeadLettersByIdRetry() {
      await w.sql(
        "insert into pgboss.job (name, data, source_name, source_retry_count) values ('dead-letters', '{\"rows\": []}', 'wallet.pay-back', 8)",
      );
      const [{ id }] = (await root.get('/v1/dead-letters')).body.items;
      return { path: `/v1/dead-letters/${id}/retry`, by: staff };
    },
    async postStorageNotifications() {
      const told = (key: string) => ({ Records: [{ s3: { object: { key } } }] });
      return {
        path: '/v1/storage-notifications',
        body: told('a'),
        otherBody: told('b'),
        headers: { authorization: `Bearer ${STORE_SECRET}` },
      };
    },
    async postAuthConfirmSignUp() {
      const { username, email } = await signedUp();
      return { path: '/v1/auth/confirm-sign-up', body: { username, code: mailed(email) }, otherBody: { username, code: '000000' } };
    },
    async postAuthResendCode() {
      const { email } = await signedUp();
      const stands = () => w.step().then(() => w.sql("select count(*)::int as n from told.outbox where name = 'identity.send-code'"));
      return { path: '/v1/auth/resend-code', body: { email }, otherBody: { email: 'other@example.com' }, stands };
    },
    async postAuthForgotPassword() {
      const { username } = await w.person(fresh('flo'));
      const email = `${username}@example.com`;
      const stands = () => w.step().then(() => w.mail(email));
      return { path: '/v1/auth/forgot-password', body: { email }, otherBody: { username }, stands };
    },
    async postAuthResetPassword() {
      const { username, id } = await w.person(fresh('rio'));
      await done(w.post('/v1/auth/forgot-password', { username }));
      await w.step();
      const body = { username, code: mailed(`${username}@example.com`), newPassword: 'a better horse battery' };
      const stands = () => w.sql('select password_hash from identity.accounts where id = $1', [id]);
      return { path: '/v1/auth/reset-password', body, otherBody: { ...body, newPassword: 'the best horse battery' }, stands };
    },
    async postAuthChangePassword() {
      const person = await w.person(fresh('kim'));
      const body = { currentPassword: PASSWORD, newPassword: 'a better horse battery' };
      const stands = () => w.sql('select password_hash from identity.accounts where id = $1', [person.id]);
      return {
        path: '/v1/auth/change-password',
        body,
        otherBody: { ...body, newPassword: 'the best horse battery' },
        by: [person, person],
        stands,
      };
    },
  };
}
