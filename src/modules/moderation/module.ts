import { module } from '#kernel/module.ts';
import { moderation } from '#moderation';
import { type Moderation, needs } from './context.ts';
import { enqueueItem } from './enqueue-item.ts';
import { eraseExcerpts } from './item.ts';
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
    forget: async (ctx, { author }) => {
      await ctx.db.execute(eraseExcerpts(author));
      return {};
    },
  },
  migrations: new URL('./migrations/', import.meta.url),
});
