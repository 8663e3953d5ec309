import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { identity, lastAdmin, noSecondFactor } from '#identity';
import { type Composition, version } from '#kernel/compose.ts';
import type { Module } from '#kernel/module.ts';
import { systemScope } from '#kernel/runtime.ts';
import type { Settings } from '#kernel/settings.ts';
import { settingsPage } from '#kernel/settings-page.ts';
import { statesPage } from '#kernel/states-page.ts';
import { personalDataPage } from '#kernel/tables.ts';
import { wallet } from '#wallet';
import { gatewayConfig } from '../infra/gateway.ts';
import { gatewayPort } from '../infra/topology.ts';
import { openSouk, settingsParts } from '../src/souk.ts';
import { openDatabase } from './database.ts';
import { listDeadLetters, retryDeadLetters } from './dead-letters.ts';
import { explainOrder } from './explain.ts';
import { asOperator, asRoles, clientOf, type RoleName } from './operator.ts';
import { resealAll } from './reseal.ts';
import { runServices } from './run-services.ts';
import { makeServiceRoles } from './service-roles.ts';
import { fail, loadSettings, say } from './shell.ts';
import { listSubscriptions, removeSubscription } from './subscriptions.ts';

const souk = new Command('souk').description("Souk's command line, for operators").version(version);

souk
  .command('migrate')
  .description('bring the database to this version')
  .action(() => withSouk(async () => say('The database is up to date.')));

souk
  .command('roles <username>')
  .description('show the roles of an account')
  .action((username: string) =>
    withSouk(async (app) => {
      const accountId = await accountNamed(app, username);
      say(rolesOf(username, (await clientOf(app, identity).accessOf({ accountId })).roles));
    }),
  );

souk
  .command('grant <username> <roles...>')
  .description('give an account roles, beside those it has; this is how the first admin is made')
  .action(async (username: string, words: string[]) => {
    const add = asRoles(words);
    await withSouk(async (app) => say(rolesOf(username, await change(app, 'souk grant', username, { add }))));
  });

souk
  .command('revoke <username> <roles...>')
  .description('take roles from an account')
  .option('--even-last-admin', 'take admin from the last account that has it')
  .action(async (username: string, words: string[], { evenLastAdmin = false }: { evenLastAdmin?: boolean }) => {
    const remove = asRoles(words);
    await withSouk(async (app) => {
      const left = await change(app, 'souk revoke', username, { remove, evenLastAdmin }).catch((error) => {
        if (!lastAdmin.is(error)) throw error;
        throw new Error(`${username} is the last admin. Make another account an admin first, or add --even-last-admin`);
      });
      say(rolesOf(username, left));
    });
  });

souk
  .command('remove-second-factor <username>')
  .description('for somebody who has lost their app and all recovery codes; make sure first that it is the owner who asks')
  .action((username: string) =>
    withSouk(async (app) => {
      const accountId = await accountNamed(app, username);
      const scope = asOperator('souk remove-second-factor', accountId);
      await clientOf(app, identity, scope)
        .removeSecondFactor({ accountId })
        .catch((error) => {
          throw noSecondFactor.is(error) ? new Error(`${username} has no second factor`) : error;
        });
      say(`${username} now signs in with the password alone. All sessions have ended. The owner is told, if the email is confirmed.`);
    }),
  );

souk
  .command('ledger')
  .description('the money')
  .command('verify')
  .description('check the six rules of the ledger; ends with 1 on a violation')
  .option('--full', 'recompute all of it, and trust no checkpoint')
  .action(({ full = false }: { full?: boolean }) =>
    withSouk(async (app) => {
      const proof = await clientOf(app, wallet, { ...systemScope, onProgress: inTenths() }).prove({ full });
      for (const { rule, ok, figures } of proof.rules)
        process.stdout.write(`${ok ? 'ok    ' : 'BREACH'} ${rule}\n       ${JSON.stringify(figures)}\n`);
      if (!proof.ok) process.exitCode = 1;
    }),
  );

souk
  .command('explain')
  .description('what happened to a thing')
  .command('order <id>')
  .description('every state, event, job, transfer, email, webhook and call of an order, in order of time')
  .action((id: string) => withSouk((app) => explainOrder(app, id)));

const deadLetters = souk.command('dead-letters').description('background work that failed at every attempt');

deadLetters
  .command('list', { isDefault: true })
  .description('list the newest hundred, with the reason')
  .option('--queue <queue>', 'only of this queue')
  .action(({ queue }: { queue?: string }) => withSouk((app) => listDeadLetters(app, queue)));

deadLetters
  .command('retry [id]')
  .description('put one back into its queue, or all')
  .option('--queue <queue>', 'all of this queue')
  .action((id: string | undefined, { queue }: { queue?: string }) => withSouk((app) => retryDeadLetters(app, { id, queue })));

const subscriptions = souk.command('subscriptions').description('the queues that events go to');

subscriptions
  .command('list', { isDefault: true })
  .description('list them, with what is undelivered')
  .action(() => withSouk(listSubscriptions));

subscriptions
  .command('remove <queue>')
  .description('remove one that no version consumes any more, with what is undelivered')
  .option('--yes', 'do not ask')
  .action((queue: string, { yes = false }: { yes?: boolean }) => withSouk((app) => removeSubscription(app, queue, yes)));

souk
  .command('reseal')
  .description('seal everything with the current key, so that an older one (never the last) can be taken out of SECRET_KEYS')
  .action(() =>
    withSouk(async (app) => {
      for (const [module, count] of await resealAll(app)) say(`${module}: ${count} encrypted again`);
    }),
  );

souk
  .command('openapi [file]')
  .description('write the OpenAPI document')
  .action((file: string | undefined) => withSouk((app) => write(`${JSON.stringify(app.openapi(), null, 2)}\n`, file)));

souk
  .command('personal-data [file]')
  .description('write the page of what is stored of people')
  .action((file: string | undefined) => withSouk((app) => write(personalDataPage(app.runtime.modules), file)));

souk
  .command('states [file]')
  .description('write the page of all states')
  .action(async (file: string | undefined) => write(statesPage((await loadSettings()).modules), file));

souk
  .command('gateway [file]')
  .description('write the configuration of nginx that stands in front of services')
  .action(async (file: string | undefined) => write(gatewayConfig((await loadSettings()).modules, { ownPorts: true }), file));

souk
  .command('services')
  .description('run Souk as services on this machine: a process each, with RabbitMQ, Redis and nginx where they are installed')
  .option('--replicas <count>', 'how many processes of each service, 1 to 8', wholeNumber(1, 8), 1)
  .option('--port <port>', 'the port of the gateway', wholeNumber(1, 65_535), gatewayPort)
  .option('--free-ports', 'run the services on any free ports, rather than on those of the table')
  .action(runServices);

souk
  .command('service-roles')
  .description('make a database role for each service, which can touch its own modules only; SALES_DATABASE_PASSWORD lets one sign in')
  .action(() => withDatabase(makeServiceRoles));

souk
  .command('settings [file]')
  .description('write the page of all settings')
  .action((file: string | undefined) => write(settingsPage(settingsParts()), file));

await souk.parseAsync().catch((error) => fail(error));

/** Reads an option. */
function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** Writes how far something is, ten times at most. */
function inTenths(): (done: number, total: number) => void {
  let told = 0;
  return (done, total) => {
    const tenths = total === 0 ? 10 : Math.floor((10 * done) / total);
    if (tenths <= told) return;
    told = tenths;
    process.stderr.write(`${done.toLocaleString('en')} of ${total.toLocaleString('en')} rows (${tenths * 10} %)\n`);
  };
}

async function write(text: string, file: string | undefined): Promise<void> {
  if (!file) process.stdout.write(text);
  else
    await writeFile(file, text).catch((error) => {
      throw new Error(`${file} cannot be written (${error.code})`);
    });
}

async function accountNamed(app: Composition, username: string): Promise<string> {
  const account = await clientOf(app, identity).findAccount({ username });
  if (!account) throw new Error(`there is no account ${username}; sign up first`);
  return account.id;
}

interface RoleChange {
  add?: RoleName[];
  remove?: RoleName[];
  evenLastAdmin?: boolean;
}

async function change(app: Composition, operation: string, username: string, { add = [], remove = [], evenLastAdmin = false }: RoleChange) {
  const accountId = await accountNamed(app, username);
  const { changeRoles } = clientOf(app, identity, asOperator(operation, accountId));
  return (await changeRoles({ accountId, add, remove, evenLastAdmin })).roles;
}

function rolesOf(username: string, roles: readonly string[]): string {
  return `${username} has ${roles.join(', ') || 'no role'}.`;
}

/** Runs a command on the database of the settings, brought to this version, and lets go of it. */
async function withDatabase(
  work: (given: { url: string; settings: Settings; modules: readonly Module[] }) => Promise<void>,
): Promise<void> {
  const { settings: given, modules } = await loadSettings();
  const settings = { ...given, logLevel: 'silent' as const };
  const database = await openDatabase(settings, modules, { visit: true });
  await work({ url: database.url, settings, modules }).finally(() => database.stop());
}

function withSouk(work: (souk: Composition) => Promise<void>): Promise<void> {
  return withDatabase(async ({ url, settings, modules }) => {
    const app = await openSouk(settings, { databaseUrl: url, modules });
    await work(app).finally(() => app.stop());
  });
}
