import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { startDatabase } from '#adapters/database/index.ts';
import { noSecondFactor } from '#identity';
import { type Composition, prepareDatabase, version } from '#kernel/compose.ts';
import { systemScope } from '#kernel/runtime.ts';
import { settingsPage } from '#kernel/settings-page.ts';
import type { Proof } from '#wallet';
import { modules } from '../src/modules/index.ts';
import { openSouk, settingsParts } from '../src/souk.ts';
import { asOperator } from './operator.ts';
import { resealAll } from './reseal.ts';
import { fail, loadSettings, say } from './shell.ts';

const souk = new Command('souk').description("Souk's command line, for operators").version(version);

souk
  .command('migrate')
  .description('bring the database to this version')
  .action(() => withSouk(async () => say('The database is up to date.')));

souk
  .command('grant <username> <roles...>')
  .description('give an account its roles (replaces those it has); this is how the first admin is made')
  .action((username: string, roles: string[]) =>
    withSouk(async (app) => {
      const accountId = await accountNamed(app, username);
      await app.runtime.ask('kernel', 'identity', 'grantRoles', { accountId, roles }, asOperator('souk grant', accountId));
      say(`${username} now has: ${roles.join(', ')}.`);
    }),
  );

souk
  .command('remove-second-factor <username>')
  .description('for somebody who has lost their app and all recovery codes; make sure first that it is the owner who asks')
  .action((username: string) =>
    withSouk(async (app) => {
      const accountId = await accountNamed(app, username);
      const scope = asOperator('souk remove-second-factor', accountId);
      await app.runtime.ask('kernel', 'identity', 'removeSecondFactor', { accountId }, scope).catch((error) => {
        throw noSecondFactor.is(error) ? new Error(`${username} has no second factor`) : error;
      });
      say(`${username} now signs in with the password alone. All sessions ended; a confirmed email is told.`);
    }),
  );

souk
  .command('ledger')
  .description('the money')
  .command('verify')
  .description('check the six rules of the ledger; ends with 1 on a breach')
  .action(() =>
    withSouk(async (app) => {
      const proof = (await app.runtime.ask('kernel', 'wallet', 'prove', {}, systemScope)) as Proof;
      for (const { rule, ok, figures } of proof.rules)
        process.stdout.write(`${ok ? 'ok    ' : 'BREACH'} ${rule}\n       ${JSON.stringify(figures)}\n`);
      if (!proof.ok) process.exitCode = 1;
    }),
  );

souk
  .command('reseal')
  .description('seal everything with the current key, so that an older one (never the last) can be taken out of SECRET_KEYS')
  .action(() =>
    withSouk(async (app) => {
      for (const [module, count] of await resealAll(app)) say(`${module}: ${count} sealed anew`);
    }),
  );

souk
  .command('openapi [file]')
  .description('write the OpenAPI document')
  .action((file: string | undefined) =>
    withSouk(async (app) => {
      const text = `${JSON.stringify(app.openapi(), null, 2)}\n`;
      if (file) await writeFile(file, text);
      else process.stdout.write(text);
    }),
  );

souk
  .command('settings [file]')
  .description('write the page of all settings')
  .action(async (file: string | undefined) => {
    const page = settingsPage(settingsParts());
    if (file) await writeFile(file, page);
    else process.stdout.write(page);
  });

await souk.parseAsync().catch((error) => fail(error));

async function accountNamed(app: Composition, username: string): Promise<string> {
  const account = (await app.runtime.ask('kernel', 'identity', 'findAccount', { username }, systemScope)) as { id: string } | null;
  if (!account) throw new Error(`nobody is called ${username}; sign up first`);
  return account.id;
}

/** Runs a command on the database of the settings, and lets go of it. */
async function withSouk(work: (souk: Composition) => Promise<void>): Promise<void> {
  const settings = { ...(await loadSettings()), logLevel: 'silent' as const };
  const database = await startDatabase({
    databaseUrl: settings.databaseUrl,
    folder: resolve(settings.dataFolder, 'postgres'),
    visit: true,
  });
  try {
    await prepareDatabase(database.url, modules);
    const app = await openSouk(settings, { databaseUrl: database.url });
    await work(app).finally(() => app.stop());
  } finally {
    await database.stop();
  }
}
