import { module } from '#kernel/module.ts';
import { moderation } from '#moderation';
import { type Moderation, needs } from './context.ts';
import { enqueueItem } from './enqueue-item.ts';
import { eraseWords, reasonOf } from './item.ts';
import { reseal } from './reseal.ts';
import { routes } from './routes.ts';
import { screenTexts } from './screen-text.ts';
import { settleSubject } from './settle-subject.ts';

export const moderationModule = module<typeof moderation, Moderation>({
  contract: moderation,
  needs,
  routes,
  operations: {
    reseal,
    screen: async (_, { texts }) => screenTexts(texts),
    enqueue: enqueueItem,
    settle: settleSubject,
    reasonOf: async (ctx, { itemId }) => ({ reason: (await ctx.db.maybe<{ reason: string | null }>(reasonOf(itemId)))?.reason ?? null }),
    forget: async (ctx, { author }) => {
      await ctx.db.execute(eraseWords(author));
      return {};
    },
  },
  migrations: new URL('./migrations/', import.meta.url),
});
