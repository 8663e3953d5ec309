import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sql } from '#kernel/database.ts';
import { claimStale } from '#kernel/lease.ts';
import { world } from '../../../test/world.ts';
import { openBlockers } from './closed-owner.ts';
import { transfersOf } from './explain-order.ts';
import { payoutsPage, pendingPayouts } from './payout.ts';
import { askedSince } from './request-payout.ts';
import { salesBalances, salesLines } from './sales-statement.ts';

/** With 100,000 sales of one seller, and 100,000 payouts, every statement of sellers' money reads a page by an index. */

let client: pg.Client;
const sue = randomUUID();

beforeAll(async () => {
  client = new pg.Client({ connectionString: (await world()).databaseUrl });
  await client.connect();
  await client.query(`
    set session_replication_role = replica;
    insert into wallet.accounts (id, owner, purpose, currency, opened_at)
      select md5('${sue}' || purpose)::uuid, '${sue}', purpose, 'USD', now() from unnest('{undelivered,payable,receivable}'::text[]) as purpose;
    insert into wallet.accounts (id, owner, purpose, currency, opened_at) select md5('b' || n)::uuid, 'b' || n, 'available', 'USD', now() from generate_series(1, 20000) as n;
    insert into wallet.payments select md5('p' || n)::uuid, 'b', 'USD', 7, 'paid', now() from generate_series(1, 100000) as n;
    insert into wallet.payment_shares select md5('p' || n)::uuid, '${sue}', 7, 0 from generate_series(1, 100000) as n;
    insert into wallet.journals (id, cause_kind, cause_id, key, entries, at)
      select md5(kind || n)::uuid, kind, md5('p' || n)::uuid, case kind when 'order' then 'pay:' else 'deliver:' end || md5('p' || n)::uuid, 1, now()
      from generate_series(1, 100000) as n, unnest('{order,delivery}'::text[]) as kind;
    insert into wallet.transfers (journal_id, line, debit_account, credit_account, currency, amount, kind, at)
      select md5('order' || n)::uuid, 1, md5('b' || n % 20000 + 1)::uuid, md5('${sue}undelivered')::uuid, 'USD', 7, 'sale', now() from generate_series(1, 100000) as n
      union all
      select md5('delivery' || n)::uuid, 1, md5('${sue}undelivered')::uuid, md5('${sue}payable')::uuid, 'USD', 7, 'delivery', now() from generate_series(1, 100000) as n;
    insert into wallet.rollups select md5('${sue}undelivered')::uuid, 0, max(seq) from wallet.transfers;
    insert into wallet.payouts (id, owner, currency, amount, state, at, ended_at, lease_until)
      select md5('o' || n)::uuid, case when n % 2 = 0 then '${sue}' else 'b' || n % 20000 end, 'USD', 7, state, now(), case state when 'sent' then now() end, now()
      from generate_series(1, 100000) as n, lateral (select case when n % 1000 = 0 then 'pending' when n % 1001 = 0 then 'waiting' else 'sent' end as state) as s;
    set session_replication_role = default;
    analyze wallet.accounts, wallet.payments, wallet.payment_shares, wallet.journals, wallet.transfers, wallet.rollups, wallet.payouts`);
}, 120_000);

afterAll(() => client.end());

const page = { after: null, rows: 21 };
const statements: [name: string, statement: Sql, pages: number][] = [
  ['the first lines of a statement', salesLines(sue, null, 21), 200],
  ['lines in the middle of a statement', salesLines(sue, 100_000, 101), 1200],
  ["a seller's balances", salesBalances(sue), 25],
  ['what prevents a deletion', openBlockers(sue), 320],
  ['own payouts', payoutsPage({ owner: sue, state: undefined, ...page }), 40],
  ['own payouts in a state', payoutsPage({ owner: sue, state: 'sent', ...page }), 40],
  ['all payouts', payoutsPage({ owner: null, state: undefined, ...page }), 40],
  ['payouts that wait', payoutsPage({ owner: null, state: 'waiting', ...page }), 40],
  ['what was asked for in the last day', askedSince(sue, 'USD', new Date(Date.now() + 60_000)), 10],
  ['a claim of a payout', claimStale(pendingPayouts, { now: new Date(Date.now() + 60_000), until: new Date(Date.now() + 70_000) }), 50],
  ['the transfers of an order', transfersOf([randomUUID(), randomUUID()]), 30],
];

test.each(statements)('%s', async (_, { text, values }, pages) => {
  await client.query('begin');
  const custom = await client.query(`explain (analyze, buffers, format json) ${text}`, values);
  const generic = await client.query(`explain (generic_plan) ${text}`);
  await client.query('rollback');
  const { Plan: plan } = custom.rows[0]['QUERY PLAN'][0];
  expect(plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], JSON.stringify(plan, null, 1)).toBeLessThan(pages);
  for (const read of [JSON.stringify(plan), JSON.stringify(generic.rows)])
    expect(read).not.toMatch(/Seq Scan( on |"[^{]*"Relation Name":")(accounts|payments|payment_shares|journals|transfers|payouts)/);
});
