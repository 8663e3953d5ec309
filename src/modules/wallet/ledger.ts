import { type Database, empty, type Sql, sql, type Transaction, violates } from '#kernel/database.ts';
import { derivedId, newId } from '#kernel/ids.ts';
import { balanceTooLarge, insufficientFunds } from '#wallet';
import { LARGEST_EXACT } from './limits.ts';

export type Purpose =
  | 'available'
  | 'held'
  | 'escrow'
  | 'undelivered'
  | 'payable'
  | 'revenue'
  | 'fees'
  | 'tax'
  | 'receivable'
  | 'external'
  | 'unclaimed'
  | 'losses';

export interface AccountRef {
  owner: string;
  purpose: Purpose;
}

export type CauseKind =
  | 'charge'
  | 'deduct'
  | 'correction'
  | 'order'
  | 'shipment'
  | 'delivery'
  | 'hold'
  | 'deal'
  | 'refund'
  | 'payout'
  | 'write-off'
  | 'closure';
export type TransferKind =
  | 'charge'
  | 'withdrawal'
  | 'correction'
  | 'sale'
  | 'cash'
  | 'commission'
  | 'delivery'
  | 'refund'
  | 'netting'
  | 'payout'
  | 'payout-return'
  | 'write-off'
  | 'closure'
  | 'hold'
  | 'capture'
  | 'release';

export interface Transfer {
  debit: AccountRef;
  credit: AccountRef;
  /** Minor units, at least 1. */
  amount: number;
  kind: TransferKind;
}

export interface Journal {
  /** Takes effect once, ever. */
  key: string;
  cause: { kind: CauseKind; id: string };
  currency: string;
  transfers: readonly Transfer[];
  at: Date;
}

export const PLATFORM = 'platform';
export const available = (owner: string): AccountRef => ({ owner, purpose: 'available' });
export const held = (owner: string): AccountRef => ({ owner, purpose: 'held' });
export const payable = (owner: string): AccountRef => ({ owner, purpose: 'payable' });
/** What an owner owes the platform: its balance is zero or negative. */
export const receivable = (owner: string): AccountRef => ({ owner, purpose: 'receivable' });
export const external = (gateway: string): AccountRef => ({ owner: gateway, purpose: 'external' });
/** What belongs to people whose accounts are erased. */
export const unclaimed: AccountRef = { owner: PLATFORM, purpose: 'unclaimed' };
/** Debts that nobody will pay: its balance is zero or negative. */
export const losses: AccountRef = { owner: PLATFORM, purpose: 'losses' };
export const fees: AccountRef = { owner: PLATFORM, purpose: 'fees' };

/** Where a sale's money goes: to what the seller has sold and not yet delivered, or to the platform's revenue. */
export const saleAccount = (payee: string): AccountRef =>
  payee === PLATFORM ? { owner: PLATFORM, purpose: 'revenue' } : { owner: payee, purpose: 'undelivered' };

/** The id of an account follows from what it is, so that it need not be looked up to be used. */
export const accountId = (account: AccountRef, currency: string): string => derivedId('account', account.owner, account.purpose, currency);

/**
 * The one way into the ledger: opens the accounts that are missing and writes the journal with all of its transfers, in one
 * statement. `first` are the CTEs that come before, of which `due` says by having a row that the journal is to be written. A key that was
 * used before writes nothing; where it is `isNew`, that is an error. Balances follow by the database's own rule.
 */
export function journalInsert(journal: Journal, first: Sql, isNew = false): Sql {
  const { currency, transfers, at } = journal;
  const accounts = distinctAccounts(transfers, currency);
  return sql`
    with ${first},
    opened as (
      insert into wallet.accounts (id, owner, purpose, currency, opened_at)
      select a.id, a.owner, a.purpose, ${currency}, ${at}::timestamptz
      from unnest(${accounts.map(({ id }) => id)}::uuid[], ${accounts.map(({ owner }) => owner)}::text[], ${accounts.map(({ purpose }) => purpose)}::text[]) as a (id, owner, purpose)
      where exists (select from due) and not exists (select from wallet.accounts as known where known.id = a.id)
      on conflict do nothing
    ),
    journal as (
      insert into wallet.journals (id, cause_kind, cause_id, key, entries, at)
      select ${newId()}::uuid, ${journal.cause.kind}, ${journal.cause.id}, ${journal.key}, ${transfers.length}, ${at}::timestamptz
      where exists (select from due)
      ${isNew ? empty : sql`on conflict do nothing`}
      returning id
    )
    insert into wallet.transfers (journal_id, line, debit_account, credit_account, currency, amount, kind, at)
    select journal.id, t.line, t.debit, t.credit, ${currency}, t.amount, t.kind, ${at}::timestamptz
    from journal, unnest(${transfers.map(({ debit }) => accountId(debit, currency))}::uuid[], ${transfers.map(({ credit }) => accountId(credit, currency))}::uuid[],
                         ${transfers.map(({ amount }) => amount)}::bigint[], ${transfers.map(({ kind }) => kind)}::text[])
                  with ordinality as t (debit, credit, amount, kind, line)
    order by t.line`;
}

/**
 * Posts a journal. @returns false when `due` had no row, or the key was used before: then nothing is written.
 * @throws insufficientFunds when a guarded account would go below zero, balanceTooLarge when it would leave the exact whole
 * numbers; the transaction is lost then.
 */
export async function post(db: Database, journal: Journal, first: Sql = sql`due as (select 1)`): Promise<boolean> {
  try {
    return (await db.execute(journalInsert(journal, first))) > 0;
  } catch (error) {
    throw refusalOf(journal, error);
  }
}

/** Posts a journal whose key is new, without waiting: the transaction fails as `post` would. */
export function postNew(tx: Transaction, journal: Journal, first: Sql): void {
  tx.send(journalInsert(journal, first, true), (error) => refusalOf(journal, error));
}

function refusalOf({ currency }: Journal, error: unknown): unknown {
  if (violates(error, 'balance_exact')) return balanceTooLarge({ currency, largest: LARGEST_EXACT });
  if (!violates(error, 'balance_not_negative')) return error;
  return insufficientFunds({ currency, ...(JSON.parse((error as { detail: string }).detail) as { available: number; needed: number }) });
}

/**
 * Locks accounts that have a stored balance, in the order of their ids, as every journal does. @returns their balances, in the order
 * of `accounts`; 0 of one that is not open yet.
 */
export async function lockBalances(tx: Database, accounts: readonly AccountRef[], currency: string): Promise<number[]> {
  const ids = accounts.map((account) => accountId(account, currency));
  const rows = await tx.many<{ id: string; balance: number }>(sql`
    select id, balance from wallet.accounts where id = any(${ids}::uuid[]) order by id for no key update`);
  return ids.map((id) => rows.find((row) => row.id === id)?.balance ?? 0);
}

function distinctAccounts(transfers: readonly Transfer[], currency: string): (AccountRef & { id: string })[] {
  const byId = new Map<string, AccountRef & { id: string }>();
  for (const account of transfers.flatMap(({ debit, credit }) => [debit, credit])) {
    const id = accountId(account, currency);
    byId.set(id, { ...account, id });
  }
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
