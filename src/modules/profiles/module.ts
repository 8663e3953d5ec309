import { on, runs } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { imageReady, uploadRefused } from '#media';
import { profiles } from '#profiles';
import { life } from './account-life.ts';
import { forgetRefused, showPictures, tellMedia } from './change-picture.ts';
import { needs, type Profiles } from './context.ts';
import { tellMediaJob } from './jobs.ts';
import { picturesOf } from './picture.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { tables } from './tables.ts';

export const profilesModule = module<typeof profiles, Profiles>({
  contract: profiles,
  needs,
  routes,
  resources,
  operations: { pictures: (ctx, { accountIds }) => ctx.db.many(picturesOf(accountIds)) },
  jobs: [runs(tellMediaJob, tellMedia)],
  subscriptions: [on(imageReady, showPictures), on(uploadRefused, forgetRefused)],
  life,
  tables,
  migrations: new URL('./migrations/', import.meta.url),
});
