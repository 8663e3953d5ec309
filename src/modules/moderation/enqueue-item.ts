import { newId } from '#kernel/ids.ts';
import type { Subject } from '#moderation';
import type { Moderation } from './context.ts';
import { type Item, openItem, sealExcerpt } from './item.ts';

interface Waiting {
  subject: Subject;
  author: string;
  reason: Item['reason'];
  rules: string[];
  excerpt: string;
}

/** Puts a subject before a person, once while it waits: fifty who flag it at the same time make one item. One statement. */
export function enqueueItem(ctx: Moderation, { subject, author, reason, rules, excerpt }: Waiting): Promise<{ id: string }> {
  const id = newId();
  return ctx.db.one<{ id: string }>(
    openItem({ id, subject, author, reason, rules, excerpt_sealed: sealExcerpt(ctx.secrets, id, excerpt), created_at: ctx.clock.now() }),
  );
}
