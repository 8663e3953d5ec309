import { module } from '#kernel/module.ts';
import { reviews } from '#reviews';
import { needs, type Reviews } from './context.ts';
import { forgetCustomer } from './forget-customer.ts';
import { jobs } from './jobs.ts';
import { routes } from './routes.ts';

export const reviewsModule = module<typeof reviews, Reviews>({
  contract: reviews,
  needs,
  routes,
  operations: { forget: forgetCustomer },
  jobs,
  migrations: new URL('./migrations/', import.meta.url),
});
