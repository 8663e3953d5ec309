import { on } from '#kernel/events.ts';
import { decided } from '#moderation';
import type { Reviews } from './context.ts';
import { obeyDecision } from './obey-decision.ts';
import { SUBJECT_KIND } from './review.ts';

export const subscriptions = [
  on(decided, async (ctx: Reviews, events) => {
    for (const { payload, at } of events)
      if (payload.subject.kind === SUBJECT_KIND) await obeyDecision(ctx, payload.subject.id, payload, at);
  }),
];
