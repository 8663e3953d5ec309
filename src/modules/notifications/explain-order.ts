import { type Sql, sql } from '#kernel/database.ts';
import type { Explained, Which } from '#kernel/explain.ts';
import type { Notifications } from './context.ts';

interface Told {
  account_id: string;
  kind: string;
  created_at: Date;
  channel: string | null;
  state: string | null;
  reason: string | null;
  tries: number | null;
  not_before: Date | null;
  sent_at: Date | null;
}

const MOST = 1001;

/** Who was told what of an order, and what became of each message. No addresses. */
export async function explainOrder(ctx: Notifications, { id }: Which): Promise<Explained[]> {
  const rows = await ctx.db.many<Told>(toldOf(id));
  return rows.map(({ account_id, kind, created_at, channel, state, reason, tries, not_before, sent_at }) => ({
    at: (sent_at ?? created_at).toISOString(),
    kind: 'mail',
    text:
      channel === null
        ? `${kind} to ${account_id} in the application`
        : `${kind} to ${account_id} by ${channel}: ${state}${state === 'waiting' && not_before ? ` until ${not_before.toISOString()}` : ''}`,
    ...(channel !== null && (reason || tries! > 1) ? { details: { ...(reason ? { reason } : {}), ...(tries! > 1 ? { tries } : {}) } } : {}),
  }));
}

export const toldOf = (orderId: string): Sql => sql`
  select n.account_id, n.kind, n.created_at, s.channel, s.state, s.reason, s.tries, s.not_before, s.sent_at
  from notifications.notifications as n
  left join lateral (select channel, state, reason, tries, not_before, sent_at from notifications.sendings where notification_id = n.id
                     union all select null, null, null, null, null, null where n.in_app) as s on true
  where n.values ->> 'order' = ${orderId} order by n.id limit ${MOST}`;
