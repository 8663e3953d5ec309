import { module } from '#kernel/module.ts';
import { moderation } from '#moderation';
import { type Moderation, needs } from './context.ts';
import { enqueueItem } from './enqueue-item.ts';
import { eraseWords, reasonOf } from './item.ts';
import { itemMachine } from './item-state.ts';
import { resolveSubject } from './resolve-subject.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { screenTexts } from './screen-text.ts';
import { sealed } from './sealed.ts';
import { tables } from './tables.ts';

export const moderationModule = module<typeof moderation, Moderation>({
  contract: moderation,
  needs,
  routes,
  resources,
  operations: {
    screen: async (_, { texts }) => screenTexts(texts),
    enqueue: enqueueItem,
    resolve: resolveSubject,
    reasonOf: async (ctx, { itemId }) => ({ reason: (await ctx.db.maybe<{ reason: string | null }>(reasonOf(itemId)))?.reason ?? null }),
  },
  permissions: { 'moderation:decide': { does: 'decides what was held back, and suspends accounts', roles: ['moderator'] } },
  sealed,
  life: { forget: async (ctx: Moderation, { accountId }) => void (await ctx.db.execute(eraseWords(accountId))) },
  tables,
  machines: [itemMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
