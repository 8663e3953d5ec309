import type { Invariants } from './kill-invariants.ts';
import { isDone, isRefusal, type Made } from './kill-round.ts';

/** Whether what callers were told is true, after a kill. */

interface Standing {
  key: string;
  id: string;
  state: string;
  amount: number;
  buyer: string;
}

/** Replies that the database does not confirm. */
export async function untrueReplies(books: Invariants, calls: readonly Made[]): Promise<string[]> {
  const keys = calls.map(({ key }) => key);
  const standing = await books.rows<Standing>(
    `select idempotency_key as key, id, state, total::int as amount, buyer::text as buyer from orders.orders where idempotency_key = any($1)
     union all select idempotency_key, id, state, amount::int, owner from wallet.charges where idempotency_key = any($1)`,
    [keys],
  );
  const byKey = new Map(standing.map((row) => [row.key, row]));
  return calls.flatMap((call) => {
    const row = byKey.get(call.key);
    if (!isTrue(call, row))
      return [`${call.kind} ${call.key} was answered ${JSON.stringify(call.reply?.body)}, and there is ${JSON.stringify(row)}`];
    return [];
  });
}

/** Whatever dies, a call is done, refused, or told to ask again; never told that something broke. */
export const strangeReplies = (calls: readonly Made[]): string[] =>
  calls.flatMap(({ reply }) => (reply && ![201, 409, 503].includes(reply.status) ? [`${reply.status} ${JSON.stringify(reply.body)}`] : []));

function isTrue(call: Made, row: Standing | undefined): boolean {
  if (isRefusal(call)) return row?.state === 'rejected' && row.buyer === call.buyer.id;
  if (!isDone(call)) return true;
  const { id, amount, total, state } = call.reply?.body ?? {};
  const stays = call.kind === 'order' ? row?.state !== 'placing' && row?.state !== 'rejected' : row?.state === state; // an order goes on
  return row?.id === id && stays && row?.amount === (amount ?? total.amount) && row?.buyer === call.buyer.id;
}
