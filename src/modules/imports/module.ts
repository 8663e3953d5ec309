import { imports } from '#imports';
import { minutes } from '#kernel/clock.ts';
import { runs, timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { life } from './account-life.ts';
import { type Imports, needs } from './context.ts';
import { forgetImports } from './forget-imports.ts';
import { importMachine } from './import-state.ts';
import { runImportJob } from './jobs.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { runImport } from './run-import.ts';
import { tables } from './tables.ts';

export const importsModule = module<typeof imports, Imports>({
  contract: imports,
  needs,
  routes,
  resources,
  operations: {},
  jobs: [runs(runImportJob, runImport)],
  timers: [timer('imports.forget', minutes(5), forgetImports)],
  life,
  tables,
  machines: [importMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
