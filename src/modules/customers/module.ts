import { customers } from '#customers';
import { seconds } from '#kernel/clock.ts';
import { runs, timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { closureMachine } from './closure-state.ts';
import { type Customers, needs } from './context.ts';
import { resumeClosures } from './delete-customer.ts';
import { forgetAgainJob } from './jobs.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { tables } from './tables.ts';

export const customersModule = module<typeof customers, Customers>({
  contract: customers,
  needs,
  routes,
  resources,
  operations: {},
  jobs: [runs(forgetAgainJob, (ctx: Customers, { accountId }) => ctx.everyModule.forget({ accountId }))],
  timers: [timer('customers.resume-stale', seconds(5), resumeClosures)],
  asksEveryModule: true,
  tables,
  machines: [closureMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
