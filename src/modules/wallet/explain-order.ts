import { type Sql, sql } from '#kernel/database.ts';
import type { Explained, Which } from '#kernel/explain.ts';
import { type CurrencyCode, formatMoney } from '#kernel/money.ts';
import type { Wallet } from './context.ts';

interface Row {
  at: Date;
  key: string;
  kind: string;
  amount: number;
  currency: CurrencyCode;
  debit: string;
  credit: string;
}

/** Each transfer that an order or its shipments caused: the sale, or the cash; deliveries, and refunds. Payouts are of no single order. */
export async function explainOrder({ db }: Wallet, { id, shipments }: Which): Promise<Explained[]> {
  const rows = await db.many<Row>(transfersOf([id, ...shipments]));
  return rows.map(({ at, key, kind, amount, currency, debit, credit }) => ({
    at: at.toISOString(),
    kind: 'transfer',
    text: `${kind}: ${formatMoney({ amount, currency })} from ${debit} to ${credit}`,
    details: { key },
  }));
}

/** By the keys of payments, and by the causes of what followed: each has its index. */
export const transfersOf = (ids: readonly string[]): Sql => sql`
    select j.at, j.key, t.kind, t.amount, t.currency, d.purpose || ' of ' || d.owner as debit, c.purpose || ' of ' || c.owner as credit
    from (
      select id, at, key from wallet.journals where key = any(${ids.map((one) => `pay:${one}`)}::text[])
      union all
      select id, at, key from wallet.journals where cause_kind in ('delivery', 'refund') and cause_id = any(${ids}::text[])
    ) as j join wallet.transfers as t on t.journal_id = j.id
    join wallet.accounts as d on d.id = t.debit_account join wallet.accounts as c on c.id = t.credit_account
    order by t.seq limit 1001`;
