import { banners } from '#banners';
import { on, runs } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { imageReady, uploadRefused } from '#media';
import { type Banners, needs } from './context.ts';
import { announceBanner } from './create-banner.ts';
import { tellMediaJob } from './jobs.ts';
import { shownBanners } from './list-banners.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { tables } from './tables.ts';
import { forgetRefused, takeImages, tellMedia } from './take-images.ts';

export const bannersModule = module<typeof banners, Banners>({
  contract: banners,
  needs,
  routes,
  resources,
  operations: { shown: shownBanners, announce: announceBanner },
  jobs: [runs(tellMediaJob, tellMedia)],
  subscriptions: [on(imageReady, takeImages), on(uploadRefused, forgetRefused)],
  tables,
  migrations: new URL('./migrations/', import.meta.url),
});
