import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import type { Sql } from '#kernel/database.ts';
import { newId } from '#kernel/ids.ts';
import { world } from '../../../test/world.ts';
import { deliveriesAbout, deliveriesPage, deliveryOf, dueDeliveries } from './delivery.ts';
import { eventsAbout, eventsPage, seqOf } from './event.ts';
import { oldestStored } from './forget-old.ts';
import { areEventsLeft, eventsToSend } from './send-webhook.ts';
import { dueWebhooks } from './wake-webhooks.ts';

/** With 100,000 events and 200,000 deliveries of 100 webhooks, every statement looks at a few pages. */

let client: pg.Client;
/** This one has 10,000 messages on their way, of which half may be sent now. */
const [BUSY, CALM] = [newId(), newId()];
const now = new Date();

beforeAll(async () => {
  const w = await world();
  client = new pg.Client({ connectionString: w.databaseUrl });
  await client.connect();
  await client.query(`
    insert into integrations.webhooks (id, url, events, partner, partner_key, state, secret_sealed, position, created_by, created_at)
      select case n when 1 then '${BUSY}' when 2 then '${CALM}' else gen_random_uuid() end, 'https://example.com', '{orders.order-placed}', 'Nova', 'nova',
        'active', 'x', 90000, gen_random_uuid(), now() from generate_series(1, 100) as n;
    insert into integrations.events (id, type, version, subject, payload, at, stored_at)
      select md5('event' || n)::uuid, case when n = 50000 then 'rare.event' else 'type-' || n % 20 end, 1, md5('order' || n / 10), '{}', now(),
        now() - (100000 - n) * interval '1 second'
      from generate_series(1, 100000) as n;
    insert into integrations.deliveries (webhook_id, event_seq, event_id, type, subject, outcome, next_at, created_at)
      select w.id, e.seq, e.id, e.type, e.subject, 'delivered', now(), now()
      from (select seq, id, type, subject from integrations.events where seq > 97900) as e, integrations.webhooks as w where w.id <> '${BUSY}';
    insert into integrations.deliveries (webhook_id, event_seq, event_id, type, subject, outcome, next_at, created_at)
      select '${BUSY}', e.seq, e.id, e.type, e.subject, case when e.seq <= 90000 then 'delivered' end,
        now() + case when e.seq % 2 = 0 then interval '-1 hour' else interval '1 hour' end, now() from integrations.events as e;
    analyze integrations.events, integrations.deliveries, integrations.webhooks`);
}, 120_000);

afterAll(() => client.end());

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: PlanNode[];
}

const readWhole = (node: PlanNode): string[] => [
  ...(node['Node Type'] === 'Seq Scan' && node['Relation Name'] !== 'webhooks' ? [node['Relation Name'] ?? '?'] : []),
  ...(node.Plans ?? []).flatMap(readWhole),
];

const literal = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return client.escapeLiteral(`{${value.join()}}`);
  return client.escapeLiteral(value instanceof Date ? value.toISOString() : String(value));
};

/** Planned for these values, and for all values, as a prepared statement is after a while. Each is carried out, and undone. */
async function plansOf({ text, values }: Sql): Promise<{ pages: number; whole: string[] }[]> {
  await client.query(`prepare asked as ${text}`);
  const asked = values.length === 0 ? 'asked' : `asked (${values.map(literal).join()})`;
  const plans: PlanNode[] = [];
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    await client.query(`begin; set local plan_cache_mode = ${mode}`);
    plans.push((await client.query(`explain (analyze, buffers, timing off, format json) execute ${asked}`)).rows[0]['QUERY PLAN'][0].Plan);
    await client.query('rollback');
  }
  await client.query('deallocate asked');
  return plans.map((plan) => ({ pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], whole: readWhole(plan) }));
}

const due = { now, inOrder: false, limit: 4 };
const webhook = { id: BUSY, events: ['type-1'], partner: null, partner_key: null, role: null, lease_until: null };
const statements: [name: string, statement: Sql, pages: number][] = [
  ['the oldest events', eventsPage({ after: 0, type: undefined, rows: 101 }), 20],
  ['events after one', eventsPage({ after: 70_000, type: undefined, rows: 101 }), 20],
  ['events of a type', eventsPage({ after: 70_000, type: 'type-7', rows: 101 }), 120],
  ['events of a type that hardly is', eventsPage({ after: 0, type: 'rare.event', rows: 101 }), 20],
  ['events of a type that is not there', eventsPage({ after: 0, type: 'no.event', rows: 101 }), 20],
  ['an event by its id', seqOf(newId()), 5],
  ['events about an order', eventsAbout([newId(), newId()], 200), 10],
  ['the oldest event that is stored still', oldestStored(new Date(now.getTime() - minutes(60 * 24 * 30))), 5],
  ['what is due', dueDeliveries(BUSY, due), 60],
  ['what is due, in order', dueDeliveries(BUSY, { ...due, inOrder: true }), 120],
  ['what is due where nothing is', dueDeliveries(CALM, { ...due, inOrder: true }), 20],
  ['what is due of a webhook whose messages all wait', dueDeliveries(BUSY, { ...due, now: new Date(now.getTime() - minutes(120)) }), 20],
  ['webhooks for which something is due', dueWebhooks(now), 600],
  ['events that a webhook was not sent yet', eventsToSend(webhook, now), 400],
  ['whether more is due', areEventsLeft(webhook, now), 60],
  ['the newest deliveries', deliveriesPage(BUSY, { after: null, rows: 21 }), 150],
  ['more deliveries that failed', deliveriesPage(BUSY, { after: 95_000, state: 'failed', rows: 21 }), 20],
  ['deliveries on their way', deliveriesPage(BUSY, { after: null, state: 'pending', rows: 21 }), 150],
  ['a delivery', deliveryOf(BUSY, newId()), 10],
  ['deliveries about an order', deliveriesAbout([newId(), newId()], 200), 10],
];

test.each(statements)('%s', async (_, statement, pages) => {
  const plans = await plansOf(statement);
  for (const plan of plans) {
    expect(plan.whole).toEqual([]);
    expect(plan.pages, JSON.stringify(plans)).toBeLessThanOrEqual(pages);
  }
});
