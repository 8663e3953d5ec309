import pg from 'pg';
import { gatherSettings } from '#adapters/secrets/index.ts';
import { besideOthers, connected } from '#kernel/migrations.ts';
import type { Module } from '#kernel/module.ts';
import { addSubscriptions } from '#kernel/outbox.ts';
import { subscriptionsOf } from '#kernel/queues.ts';
import type { Settings } from '#kernel/settings.ts';
import { roleOf, rolesSql } from '../infra/roles.ts';
import { services } from '../infra/topology.ts';
import { say } from './shell.ts';

interface Given {
  url: string;
  settings: Pick<Settings, 'databaseDirectUrl'>;
  modules: readonly Module[];
}

const passwordName = (service: string): string => `${service.toUpperCase()}_DATABASE_PASSWORD`;
const names = new Set(services.map(({ name }) => passwordName(name)));

/**
 * Makes the roles of all services, or brings them to this version. A service whose password is given (`SALES_DATABASE_PASSWORD`, in
 * the environment or a file) can sign in by it; the others keep what they had.
 */
export async function makeServiceRoles({ url, settings, modules }: Given): Promise<void> {
  const given = await gatherSettings(process.env, (name) => names.has(name) || name === 'BUS_URL');
  const passwords = Object.fromEntries(
    services.flatMap(({ name }) => (given[passwordName(name)] ? [[name, given[passwordName(name)]!]] : [])),
  );
  await grantServiceRoles(settings.databaseDirectUrl ?? url, modules, { passwords, hasBroker: given.BUS_URL !== undefined });
  for (const service of services)
    say(`${roleOf(service)}: ${service.modules.join(', ')}${passwords[service.name] ? '' : ' (no password given)'}`);
}

/**
 * Makes the roles, and notes which queues events go to: a service may note its own alone.
 * @throws Error when the user of `url` may not make roles.
 */
export async function grantServiceRoles(
  url: string,
  modules: readonly Module[],
  { passwords, hasBroker }: { passwords: Readonly<Record<string, string>>; hasBroker: boolean },
): Promise<void> {
  const withSchema = modules.filter(({ migrations }) => migrations).map(({ name }) => name);
  const signsIn = services
    .filter(({ name }) => passwords[name])
    .map((service) => `alter role ${roleOf(service)} login password ${pg.escapeLiteral(passwords[service.name]!)};`);
  await connected(url, async (client) => {
    await client.query(addSubscriptions(subscriptionsOf({ modules })));
    await besideOthers(client, () => client.query(`${rolesSql(services, withSchema, hasBroker)} ${signsIn.join(' ')}`));
  });
}
