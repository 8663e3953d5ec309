import type { Whose } from '#kernel/account-life.ts';
import { type Database, sql } from '#kernel/database.ts';
import { newId } from '#kernel/ids.ts';
import type { Wallet } from './context.ts';
import { losses, type Purpose, post, unclaimed } from './ledger.ts';

/**
 * Charges nothing for this owner from now on. A charge commits its row and then asks `closureOf`; a closure commits its row
 * and then asks `blockersOf`: whichever comes second sees the other, so no money reaches a wallet that is given up.
 */
export async function closeOwner(ctx: Wallet, { accountId }: Whose): Promise<boolean> {
  await ctx.db.execute(sql`insert into wallet.closed_owners (owner, at) values (${accountId}, ${ctx.clock.now()}) on conflict do nothing`);
  return true;
}

export async function reopenOwner(ctx: Wallet, { accountId }: Whose): Promise<void> {
  await ctx.db.execute(sql`delete from wallet.closed_owners where owner = ${accountId} and not for_good`);
}

/** `closing` may be reopened; `closed` is final. */
export async function closureOf(db: Database, owner: string): Promise<'open' | 'closing' | 'closed'> {
  const row = await db.maybe<{ for_good: boolean }>(sql`select for_good from wallet.closed_owners where owner = ${owner}`);
  if (!row) return 'open';
  return row.for_good ? 'closed' : 'closing';
}

/**
 * Which of these are erased. Who leaves meanwhile waits until this transaction ends, and then finds what it has brought: `forgetOwner`
 * changes the row that is locked here.
 */
export async function erasedAmong(tx: Database, owners: readonly string[]): Promise<Set<string>> {
  const rows = await tx.many<{ owner: string; for_good: boolean }>(
    sql`select owner, for_good from wallet.closed_owners where owner = any(${owners}::text[]) order by owner for share`,
  );
  return new Set(rows.filter(({ for_good }) => for_good).map(({ owner }) => owner));
}

/**
 * What an owner still has open: money to spend, held, not yet delivered, payable or owed, and charges and payouts that nobody has
 * answered. */
export async function blockersOf(ctx: Wallet, { accountId }: Whose): Promise<string[]> {
  return (await ctx.db.many<{ blocker: string }>(openBlockers(accountId))).map(({ blocker }) => blocker);
}

/** `undelivered` keeps no balance of its own; it is the stored sum and what came since. */
export const openBlockers = (owner: string) => sql`
  select case purpose when 'available' then 'balance' else purpose end as blocker
  from (
    select a.purpose, case when a.guarded then a.balance else
        coalesce(r.balance, 0)
        + coalesce((select sum(amount) from wallet.transfers where credit_account = a.id and seq > coalesce(r.through_seq, 0)), 0)
        - coalesce((select sum(amount) from wallet.transfers where debit_account = a.id and seq > coalesce(r.through_seq, 0)), 0) end as balance
    from wallet.accounts as a left join wallet.rollups as r on r.account_id = a.id where a.owner = ${owner}
  ) as had where balance <> 0
  union
  select 'charge' from wallet.charges where owner = ${owner} and state = 'pending'
  union
  select 'payout' from wallet.payouts where owner = ${owner} and state in ('waiting', 'pending')
  order by blocker`;

/**
 * Takes what a person wrote out of the books; ids and figures stay. Money that a refund has brought since the blockers were asked goes to
 * `unclaimed`, and a debt to `losses`: nothing is left on an account that nobody opens.
 */
export async function forgetOwner(ctx: Wallet, { accountId }: Whose): Promise<void> {
  const at = ctx.clock.now();
  await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`update wallet.closed_owners set for_good = true where owner = ${accountId}`);
    for (const { purpose, currency, balance } of await tx.many<Left>(leftBalances(accountId))) {
      const account = { owner: accountId, purpose };
      const [debit, credit] = balance > 0 ? [account, unclaimed] : [losses, account];
      const transfers = [{ debit, credit, amount: Math.abs(balance), kind: 'closure' as const }];
      await post(tx, {
        key: `closure:${newId()}`,
        cause: { kind: 'closure', id: accountId },
        currency,
        transfers,
        at,
      });
    }
  });
  await ctx.db.execute(sql`
    update wallet.deductions set reason = case kind when 'correction' then 'erased' end where owner = ${accountId} and reason is not null`);
  await ctx.db.execute(sql`update wallet.write_offs set reason = null where owner = ${accountId} and reason is not null`);
  await ctx.db.execute(sql`update wallet.payouts set reason = null where owner = ${accountId} and reason is not null`);
}

interface Left {
  purpose: Purpose;
  currency: string;
  balance: number;
}

const leftBalances = (owner: string) => sql`
  select purpose, currency, balance from wallet.accounts
  where owner = ${owner} and purpose in ('available', 'payable', 'receivable') and balance <> 0 order by id for no key update`;
