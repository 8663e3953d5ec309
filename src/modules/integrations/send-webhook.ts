import { type Sql, sql, type Transaction } from '#kernel/database.ts';
import { emit, enqueue } from '#kernel/events.ts';
import { leaseEnd } from '#kernel/lease.ts';
import { type Attempt, attemptDelivery } from './attempt-delivery.ts';
import type { Integrations } from './context.ts';
import { webhookPaused } from './contract.ts';
import { type DeliveryRow, dueDeliveries } from './delivery.ts';
import { sendingJob, tellOwnerJob } from './jobs.ts';
import { isOrdered, isTold } from './recipient.ts';
import { FAILURES_IN_A_ROW, PATIENCE_MS, pauseAfter } from './retries.ts';
import type { WebhookRow } from './webhook.ts';

/** How many messages a webhook is sent at once. */
const PLACES = 4;
/** A run lets other webhooks have its place after this. */
const RUN_MS = 5000;
const LEASE_MS = 60_000;
/**
 * While so many deliveries of a webhook are due, or so many wait for their next attempt, none is added; otherwise so many events are
 * looked at to find more. What a receiver refuses waits for days, and holds up nothing else.
 */
const DUE = 400;
const WAITING = 10_000;
const WINDOW = 200;

/**
 * Sends a webhook what is due, until nothing is or its turn is over. One process at a time sends to a webhook. Each message is noted when
 * its answer is there: a process that is killed in between leaves it to be sent again, under the same id.
 */
export async function sendWebhook(ctx: Integrations, { webhookId }: { webhookId: string }): Promise<void> {
  let webhook = await claim(ctx, webhookId);
  if (!webhook) return;
  const began = performance.now();
  try {
    while (webhook.state === 'active' && performance.now() - began < RUN_MS) {
      const found = await lookAtEvents(ctx, webhook);
      const limit = webhook.failures >= FAILURES_IN_A_ROW ? 1 : PLACES;
      const due = await ctx.db.many<DeliveryRow>(dueDeliveries(webhookId, { now: ctx.clock.now(), inOrder: isOrdered(webhook), limit }));
      if (due.length === 0 && found === 0) break;
      const target = webhook;
      const attempts = await Promise.all(due.map((row) => attemptDelivery(ctx, target, row)));
      if (attempts.length > 0) webhook = await note(ctx, webhook, attempts);
      if (webhook.retry_at && webhook.retry_at > ctx.clock.now()) break;
    }
  } catch (error) {
    await letGo(ctx, webhook); // it is tried again after a while, as every job that fails
    throw error;
  }
  const sent = webhook;
  await ctx.db.transaction(async (tx) => {
    if ((await letGo({ db: tx }, sent)) > 0 && (await isMoreDue(tx, sent, ctx.clock.now()))) enqueue(tx, sendingJob(sent), { webhookId });
  });
}

const claim = (ctx: Integrations, id: string) =>
  ctx.db.maybe<WebhookRow>(sql`
    update integrations.webhooks w set lease_until = ${leaseEnd(ctx, LEASE_MS)}
    where w.id = ${id} and w.state = 'active' and (w.lease_until is null or w.lease_until <= ${ctx.clock.now()})
      and (w.retry_at is null or w.retry_at <= ${ctx.clock.now()})
    returning w.*`);

const hasRoom = (webhookId: string, now: Date): Sql => sql`(
  (select count(*) from (select from integrations.deliveries where webhook_id = ${webhookId} and outcome is null and next_at <= ${now} limit ${DUE}) as due) < ${DUE}
  and (select count(*) from (select from integrations.deliveries where webhook_id = ${webhookId} and outcome is null limit ${WAITING}) as waiting) < ${WAITING})`;

/**
 * Makes deliveries of the events behind the position of a webhook, where there is room for more, and moves the position.
 * @returns how many events it looked at.
 */
async function lookAtEvents(ctx: Integrations, webhook: WebhookRow): Promise<number> {
  const row = await ctx.db.maybe<{ seen: number }>(eventsToSend(webhook, ctx.clock.now()));
  if (!row) throw new Error(`Another process sends to the webhook ${webhook.id} by now.`);
  return row.seen;
}

type Listening = Pick<WebhookRow, 'id' | 'events' | 'partner' | 'partner_key' | 'role' | 'lease_until'>;

export const eventsToSend = (webhook: Listening, now: Date): Sql => sql`
  with room as materialized (
    select ${hasRoom(webhook.id, now)} as is
  ), seen as materialized (
    select seq, id, type, subject, payload from integrations.events
    where seq > (select position from integrations.webhooks where id = ${webhook.id}) and (select "is" from room) order by seq limit ${WINDOW}
  ), made as (
    insert into integrations.deliveries (webhook_id, event_seq, event_id, type, subject, next_at, created_at)
    select ${webhook.id}, seq, id, type, subject, coalesce((
        select max(p.next_at) from integrations.deliveries p
        where p.webhook_id = ${webhook.id} and p.subject = seen.subject and p.outcome is null and ${isOrdered(webhook)}), ${now}), ${now}
    from seen where type = any(${webhook.events}) ${isTold(webhook)}
    on conflict do nothing
  )
  update integrations.webhooks set position = greatest(position, (select max(seq) from seen))
  where id = ${webhook.id} and lease_until = ${webhook.lease_until} returning (select count(*) from seen) as seen`;

/** Notes how attempts ended, and what follows from that for the webhook, in one transaction. */
async function note(ctx: Integrations, webhook: WebhookRow, attempts: readonly Attempt[]): Promise<WebhookRow> {
  const now = ctx.clock.now();
  return ctx.db.transaction(async (tx) => {
    await tx.execute(noteAttempts(attempts));
    if (isOrdered(webhook)) await tx.execute(holdBack(webhook.id, attempts));
    const after = judged(webhook, attempts, now);
    const row = await tx.maybe<WebhookRow>(sql`
      update integrations.webhooks w set failures = ${after.failures}, failing_since = ${after.failingSince}, retry_at = ${after.retryAt},
        lease_until = ${leaseEnd(ctx, LEASE_MS)},
        state = case when w.state = 'active' then ${after.state} else w.state end,
        paused_because = case when w.state = 'active' then ${after.because} else w.paused_because end
      where w.id = ${webhook.id} and w.lease_until = ${webhook.lease_until} returning w.*`);
    if (!row) throw new Error(`Another process sends to the webhook ${webhook.id} by now.`);
    if (webhook.failures >= FAILURES_IN_A_ROW && after.failures === 0) await tx.execute(sendAllNow(webhook.id, now));
    if (after.because) tellPaused(tx, row, after.because, after.failingSince ?? now);
    return row;
  });
}

function tellPaused(tx: Transaction, { id, created_by }: WebhookRow, reason: 'failing' | 'gone', since: Date): void {
  emit(tx, webhookPaused, id, { webhookId: id, owner: created_by, reason, failingSince: since.toISOString() });
  enqueue(tx, tellOwnerJob, { webhookId: id, since: since.toISOString() });
}

interface Judged {
  failures: number;
  failingSince: Date | null;
  retryAt: Date | null;
  state: 'active' | 'paused' | 'disabled';
  because: 'failing' | 'gone' | null;
}

/** What attempts say of the webhook. One that arrived says that all is well. */
function judged({ failures, failing_since }: WebhookRow, attempts: readonly Attempt[], now: Date): Judged {
  const tried = attempts.filter(({ outcome }) => outcome !== 'skipped');
  const before = { failures, failingSince: failing_since, retryAt: null, state: 'active', because: null } as const;
  if (tried.length === 0) return before;
  const wishes = attempts.flatMap(({ wish }) => wish ?? []);
  const wish = wishes.sort((a, b) => b.getTime() - a.getTime())[0] ?? null;
  if (tried.some(({ outcome }) => outcome === 'delivered')) return { ...before, failures: 0, failingSince: null, retryAt: wish };
  const failingSince = failing_since ?? tried[0]!.at;
  if (tried.some(({ isGone }) => isGone)) return { ...before, failingSince, state: 'disabled', because: 'gone' };
  if (now.getTime() - failingSince.getTime() >= PATIENCE_MS) return { ...before, failingSince, state: 'paused', because: 'failing' };
  const inARow = failures + tried.filter(({ isOfWebhook }) => isOfWebhook).length;
  const pause = inARow > failures ? pauseAfter(inARow, now) : undefined;
  const retryAt = [wish, pause].flatMap((at) => at ?? []).sort((a, b) => b.getTime() - a.getTime())[0] ?? null;
  return { ...before, failures: inARow, failingSince, retryAt };
}

const noteAttempts = (attempts: readonly Attempt[]): Sql => sql`
  update integrations.deliveries as d set outcome = a.outcome, attempts = d.attempts + 1, next_at = a.next_at, by_hand = false, attempted_at = a.at,
    took_ms = a.took_ms, status = a.status, failure = a.failure, answer_sealed = a.answer
  from unnest(${attempts.map(({ id }) => id)}::uuid[], ${attempts.map(({ outcome }) => outcome)}::text[], ${attempts.map(({ nextAt }) => nextAt)}::timestamptz[],
              ${attempts.map(({ at }) => at)}::timestamptz[], ${attempts.map(({ tookMs }) => tookMs)}::int[], ${attempts.map(({ status }) => status)}::int[],
              ${attempts.map(({ failure }) => failure)}::text[], ${attempts.map(({ answerSealed }) => answerSealed)}::text[])
    as a (id, outcome, next_at, at, took_ms, status, failure, answer) where d.id = a.id`;

/** What comes after a failed message of the same subject waits as long. */
const holdBack = (webhookId: string, attempts: readonly Attempt[]): Sql => {
  const failed = attempts.filter(({ outcome }) => outcome === null);
  return sql`
    update integrations.deliveries as d set next_at = greatest(d.next_at, a.next_at)
    from unnest(${failed.map(({ subject }) => subject)}::text[], ${failed.map(({ nextAt }) => nextAt)}::timestamptz[]) as a (subject, next_at)
    where d.webhook_id = ${webhookId} and d.subject = a.subject and d.outcome is null`;
};

/** It is there again: nothing waits for its next attempt any more. */
const sendAllNow = (webhookId: string, now: Date): Sql =>
  sql`update integrations.deliveries set next_at = ${now} where webhook_id = ${webhookId} and outcome is null and next_at > ${now}`;

const letGo = ({ db }: Pick<Integrations, 'db'>, { id, lease_until }: WebhookRow): Promise<number> =>
  db.execute(sql`update integrations.webhooks set lease_until = null where id = ${id} and lease_until = ${lease_until}`);

/** Whether another run would find something: what may be sent now, or events for which there is room. */
async function isMoreDue(tx: Transaction, webhook: WebhookRow, now: Date): Promise<boolean> {
  const row = await tx.maybe<{ events: boolean }>(areEventsLeft(webhook, now));
  if (!row) return false;
  if (row.events) return true;
  return (await tx.many(dueDeliveries(webhook.id, { now, inOrder: isOrdered(webhook), limit: 1 }))).length > 0;
}

export const areEventsLeft = ({ id, events }: Pick<WebhookRow, 'id' | 'events'>, now: Date): Sql => sql`
  select (select max(e.seq) from integrations.events e where e.type = any(${events})) > w.position and ${hasRoom(id, now)} as events
  from integrations.webhooks w where w.id = ${id} and w.state = 'active' and (w.retry_at is null or w.retry_at <= ${now})`;
