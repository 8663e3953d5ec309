import { invalid } from '#kernel/problems.ts';
import type { Integrations } from './context.ts';
import { typesOf } from './event.ts';

/** What a partner may be sent: what happens to shipments. Of everything else it learns nothing. */
export const isForPartners = (type: string): boolean => /^fulfilment\.shipment-/.test(type);

/** @throws invalid when the URL may not be called. */
export async function refuseWrongUrl(ctx: Integrations, url: string): Promise<void> {
  const wrong = await ctx.outgoingHttp.refusalOf(url);
  if (wrong !== undefined) throw invalid({ errors: [{ pointer: '/url', detail: wrong, in: 'body' }] });
}

/** @throws invalid with the events there are, when one is not among them. */
export function refuseWrongEvents(ctx: Integrations, { events, partner }: { events: string[]; partner?: string | null | undefined }): void {
  const known = typesOf(ctx.eventKinds).filter((type) => !partner || isForPartners(type));
  const errors = events.flatMap((type, index) =>
    known.includes(type)
      ? []
      : [
          {
            pointer: `/events/${index}`,
            detail: `is not an event${partner ? ' for partners' : ''}; the events are: ${known.join(', ')}`,
            in: 'body' as const,
          },
        ],
  );
  if (errors.length > 0) throw invalid({ errors });
}
