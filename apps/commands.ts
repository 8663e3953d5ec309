import { writeFile } from 'node:fs/promises';
import { identity, lastAdmin, noSecondFactor } from '#identity';
import type { Composition } from '#kernel/compose.ts';
import type { Module } from '#kernel/module.ts';
import { systemScope } from '#kernel/runtime.ts';
import type { Settings } from '#kernel/settings.ts';
import { settingsPage } from '#kernel/settings-page.ts';
import { statesPage } from '#kernel/states-page.ts';
import { personalDataPage, undeclaredColumns } from '#kernel/tables.ts';
import { wallet } from '#wallet';
import { gatewayConfig } from '../infra/gateway.ts';
import { openSouk, settingsParts } from '../src/souk.ts';
import { openDatabase } from './database.ts';
import { listDeadLetters, retryDeadLetters } from './dead-letters.ts';
import { explainOrder } from './explain.ts';
import { asOperator, asRoles, clientOf, type RoleName } from './operator.ts';
import { resealAll } from './reseal.ts';
import { makeServiceRoles } from './service-roles.ts';
import { loadSettings } from './settings.ts';
import { say } from './shell.ts';
import { listSubscriptions, removeSubscription } from './subscriptions.ts';

/** What the commands of `cli.ts` do, each under the name of its command. */

export const migrate = () => withSouk(async () => say('The database is up to date.'));

export const showRoles = (username: string) =>
  withSouk(async (app) => {
    const accountId = await accountNamed(app, username);
    say(rolesOf(username, (await clientOf(app, identity).accessOf({ accountId })).roles));
  });

export async function grant(username: string, words: readonly string[]): Promise<void> {
  const add = asRoles(words);
  await withSouk(async (app) => say(rolesOf(username, await change(app, 'souk grant', username, { add }))));
}

export async function revoke(
  username: string,
  words: readonly string[],
  { evenLastAdmin = false }: { evenLastAdmin?: boolean },
): Promise<void> {
  const remove = asRoles(words);
  await withSouk(async (app) => {
    const left = await change(app, 'souk revoke', username, { remove, evenLastAdmin }).catch((error) => {
      if (!lastAdmin.is(error)) throw error;
      throw new Error(`${username} is the last admin. Make another account an admin first, or add --even-last-admin`);
    });
    say(rolesOf(username, left));
  });
}

export const removeSecondFactor = (username: string) =>
  withSouk(async (app) => {
    const accountId = await accountNamed(app, username);
    const scope = asOperator('souk remove-second-factor', accountId);
    await clientOf(app, identity, scope)
      .removeSecondFactor({ accountId })
      .catch((error) => {
        throw noSecondFactor.is(error) ? new Error(`${username} has no second factor`) : error;
      });
    say(`${username} now signs in with the password alone. All sessions have ended. The owner is told, if the email is confirmed.`);
  });

export const verifyLedger = ({ full = false }: { full?: boolean }) =>
  withSouk(async (app) => {
    const proof = await clientOf(app, wallet, { ...systemScope, onProgress: inTenths() }).prove({ full });
    for (const { rule, ok, figures } of proof.rules)
      process.stdout.write(`${ok ? 'ok    ' : 'BREACH'} ${rule}\n       ${JSON.stringify(figures)}\n`);
    if (!proof.ok) process.exitCode = 1;
  });

export const explain = (id: string) => withSouk((app) => explainOrder(app, id));

export const showDeadLetters = (queue: string | undefined) => withSouk((app) => listDeadLetters(app, queue));
export const retry = (which: { id: string | undefined; queue: string | undefined }) => withSouk((app) => retryDeadLetters(app, which));

export const showSubscriptions = () => withSouk(listSubscriptions);
export const unsubscribe = (queue: string, isSure: boolean) => withSouk((app) => removeSubscription(app, queue, isSure));

export const reseal = () =>
  withSouk(async (app) => {
    for (const [module, count] of await resealAll(app)) say(`${module}: ${count} encrypted again`);
  });

export const serviceRoles = () => withDatabase(makeServiceRoles);

export const writeOpenapi = (file?: string) => withSouk((app) => write(`${JSON.stringify(app.openapi(), null, 2)}\n`, file));
export const writePersonalData = (file?: string) =>
  withSouk(async ({ runtime, pool }) => {
    await write(personalDataPage(runtime.modules), file);
    const undeclared = await undeclaredColumns(pool.handle('kernel'), runtime.modules);
    if (undeclared.length > 0) throw new Error(`no module declares ${undeclared.join(', ')} in its tables, named like an account id`);
  });
export const writeStates = async (file?: string) => write(statesPage((await loadSettings()).modules), file);
export const writeGateway = async (file?: string) => write(gatewayConfig((await loadSettings()).modules, { ownPorts: true }), file);
export const writeSettings = async (file?: string) => write(settingsPage(settingsParts((await loadSettings()).modules)), file);

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
