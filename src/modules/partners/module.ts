import { minutes } from '#kernel/clock.ts';
import { timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { partners } from '#partners';
import { life } from './account-life.ts';
import { needs, type Partners } from './context.ts';
import { judgeKey } from './judge-key.ts';
import { forgetSalts, markUsed } from './key.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { tables } from './tables.ts';

export const partnersModule = module<typeof partners, Partners>({
  contract: partners,
  needs,
  routes,
  resources,
  operations: {
    judgeKey,
    noteUse: async (ctx, { id, at }) => {
      await markUsed(ctx.db, id, new Date(at));
      return {};
    },
  },
  timers: [timer('partners.forget-salts', minutes(10), (ctx: Partners) => forgetSalts(ctx.db, ctx.clock.now()))],
  permissions: { 'api-keys:manage': { does: 'makes and deletes API keys', roles: ['operator'] } },
  life,
  tables,
  migrations: new URL('./migrations/', import.meta.url),
});
