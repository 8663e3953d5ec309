import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '#adapters/database/embedded.ts';
import { prepareDatabase } from '#kernel/prepare-database.ts';
import { systemScope } from '#kernel/runtime.ts';
import { modules } from '../src/modules/index.ts';
import { rollUp } from '../src/modules/wallet/rollup.ts';
import { openSouk } from '../src/souk.ts';
import { testSettings } from '../test/settings.ts';
import { say } from './report.ts';

/** How long the proof of the ledger takes, quick and full, over BENCH_TRANSFERS (1,000,000) transfers. */
const TRANSFERS = Number(process.env.BENCH_TRANSFERS ?? 1_000_000);

const folder = await mkdtemp(join(tmpdir(), 'souk-proof-'));
const server = await startEmbeddedPostgres({ folder });
try {
  await bench();
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function bench(): Promise<void> {
  const databaseUrl = Object.assign(new URL(server.url), { pathname: '/souk' }).href;
  const settings = testSettings();
  await prepareDatabase(databaseUrl, modules, settings.keys);
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => {}); // an error below stops the server first
  await client.connect();
  say(`Loading ${TRANSFERS.toLocaleString('en')} transfers …`);
  await client.query(sales(TRANSFERS / 2));
  const souk = await openSouk(settings, { databaseUrl, retryDelaySeconds: 0 });
  const ctx = souk.runtime.context('wallet', systemScope) as Parameters<typeof rollUp>[0];
  const prove = (full: boolean) => souk.runtime.ask('kernel', 'wallet', 'prove', { full }, systemScope) as Promise<{ ok: boolean }>;
  const measured = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const started = performance.now();
    const answer = (await work()) as { ok?: boolean } | undefined;
    say(`${what}: ${Math.round(performance.now() - started)} ms${answer ? `, ok ${answer.ok}` : ''}`);
  };
  await client.query('vacuum analyze'); // as autovacuum does
  await measured('full proof', () => prove(true));
  for (let turn = 1; turn <= 2; turn++) await rollUp(ctx);
  const { makeCheckpoint } = await import('../src/modules/wallet/checkpoint.ts');
  await measured('first checkpoint', () => makeCheckpoint(ctx));
  for (let turn = 1; turn <= 5; turn++) await measured('quick proof', () => prove(false));
  await client.query('set session_replication_role = replica');
  await client.query('update wallet.transfers set amount = amount + 1 where seq = 1000');
  await measured('quick proof, one old transfer changed', () => prove(false));
  await measured('full proof, one old transfer changed', () => prove(true));
  await souk.stop();
  await client.end();
}

/** Sales of two transfers each, as `pay` writes them, past the triggers. */
function sales(count: number): string {
  return `
  set session_replication_role = replica;
  insert into wallet.accounts (id, owner, purpose, currency, balance, opened_at)
    select md5('b' || n)::uuid, 'b' || n, 'available', 'USD', 0, now() from generate_series(0, 19999) as n;
  insert into wallet.accounts (id, owner, purpose, currency, opened_at)
    select md5('s' || n)::uuid, 's' || n, 'undelivered', 'USD', now() from generate_series(0, 1999) as n;
  insert into wallet.accounts (id, owner, purpose, currency, opened_at)
    values (md5('fees')::uuid, 'platform', 'fees', 'USD', now()), (md5('world')::uuid, 'simulated', 'external', 'USD', now());
  insert into wallet.journals (id, cause_kind, cause_id, key, entries, at)
    select md5('c' || n)::uuid, 'charge', md5('c' || n), 'charge:' || n, 1, now() from generate_series(0, 19999) as n;
  insert into wallet.transfers (journal_id, line, debit_account, credit_account, currency, amount, kind, at)
    select md5('c' || n)::uuid, 1, md5('world')::uuid, md5('b' || n)::uuid, 'USD', 1000000, 'charge', now() from generate_series(0, 19999) as n;
  insert into wallet.payments (id, payer, currency, amount, state, at)
    select md5('p' || n)::uuid, 'b' || n % 20000, 'USD', 1000, 'paid', now() from generate_series(1, ${count}) as n;
  insert into wallet.payment_shares (payment_id, payee, amount, commission)
    select md5('p' || n)::uuid, 's' || n % 2000, 1000, 50 from generate_series(1, ${count}) as n;
  insert into wallet.journals (id, cause_kind, cause_id, key, entries, at)
    select md5('j' || n)::uuid, 'order', md5('p' || n)::uuid::text, 'pay:' || md5('p' || n)::uuid, 2, now() from generate_series(1, ${count}) as n;
  insert into wallet.transfers (journal_id, line, debit_account, credit_account, currency, amount, kind, at)
    select md5('j' || n)::uuid, line, md5('b' || n % 20000)::uuid, case line when 1 then md5('s' || n % 2000)::uuid else md5('fees')::uuid end,
           'USD', case line when 1 then 950 else 50 end, case line when 1 then 'sale' else 'commission' end, now()
    from generate_series(1, ${count}) as n, generate_series(1, 2) as line order by n, line;
  update wallet.accounts as a set balance = moved.balance from (
    select account, sum(change) as balance from (
      select debit_account as account, -amount as change from wallet.transfers union all select credit_account, amount from wallet.transfers
    ) as side group by account) as moved where a.id = moved.account and a.guarded;
  set session_replication_role = default;
  analyze wallet.accounts; analyze wallet.transfers; analyze wallet.journals; analyze wallet.payments; analyze wallet.payment_shares;`;
}
