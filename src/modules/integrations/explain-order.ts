import type { Explained, Which } from '#kernel/explain.ts';
import type { Integrations } from './context.ts';
import { type DeliveryRow, deliveriesAbout } from './delivery.ts';
import { type EventRow, eventsAbout } from './event.ts';

const MOST = 501;

/** The events of an order, and what became of each on its way to webhooks. */
export async function explainOrder(ctx: Integrations, { id, shipments }: Which): Promise<Explained[]> {
  const subjects = [id, ...shipments];
  const [events, deliveries] = await Promise.all([
    ctx.db.many<EventRow>(eventsAbout(subjects, MOST)),
    ctx.db.many<DeliveryRow & { url: string; partner: string | null; role: string | null }>(deliveriesAbout(subjects, MOST)),
  ]);
  return [
    ...events.map(({ at, type, payload }): Explained => ({ at: at.toISOString(), kind: 'event', text: type, details: payload })),
    ...deliveries.map((row): Explained => {
      const to = `${row.type} to ${row.partner ?? row.role ?? ''}${row.partner || row.role ? ' at ' : ''}${new URL(row.url).host}`;
      const said = row.status === null ? (row.failure ?? 'not sent yet') : `answered ${row.status}`;
      return {
        at: (row.attempted_at ?? row.created_at).toISOString(),
        kind: 'webhook',
        text: `${to}: ${row.outcome ?? 'on its way'}, ${said}`,
        details: { webhook: row.webhook_id, event: row.event_id, attempts: row.attempts },
      };
    }),
  ];
}
