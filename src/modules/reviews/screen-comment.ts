import { textRefused } from '#moderation';
import type { Reviews } from './context.ts';

/** Whether a comment must wait for a look before it is shown, and for which rules. @throws textRefused when it may not be written at all. */
export async function screenComment(ctx: Reviews, comment: string): Promise<{ waits: boolean; rules: string[] }> {
  const { verdict, rules } = await ctx.moderation.screen({ texts: [comment] });
  if (verdict === 'block') throw textRefused({ rules });
  return { waits: verdict === 'review', rules };
}
