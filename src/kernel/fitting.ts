import { limitsOf } from './limits.ts';
import type { Module } from './module.ts';
import type { Permissions } from './permissions.ts';
import { scopesOf } from './routes.ts';
import type { Settings } from './settings.ts';

/** Schemas that are not those of modules. */
const TAKEN_SCHEMAS = ['kernel', 'public'];

/**
 * The names of the modules that run in this process.
 * @throws Error with a sentence for the operator: a name in MODULES or SOUK_DIALECTS that is unknown, or a needed module that runs nowhere.
 */
export function modulesHere(
  modules: readonly Module[],
  { modules: wanted, serviceUrls, dialects }: Pick<Settings, 'modules' | 'serviceUrls' | 'dialects'>,
): ReadonlySet<string> {
  const names = modules.map(({ name }) => name);
  const odd = names.find((name) => !/^[a-z][a-z0-9]*$/.test(name) || TAKEN_SCHEMAS.includes(name));
  if (odd !== undefined)
    throw new Error(
      `A module may not be called ${odd}: its schema is named like it. Small letters and digits, none of ${TAKEN_SCHEMAS.join(', ')}.`,
    );
  for (const [index, { name, needs }] of modules.entries()) {
    const above = Object.keys(needs).find((need) => names.indexOf(need) >= index);
    if (above) throw new Error(`The module ${name} needs ${above}, which does not stand before it.`);
  }
  const hearers = modules.filter(({ hearEvery }) => hearEvery).map(({ name }) => name);
  if (hearers.length > 1) throw new Error(`Both ${hearers.join(' and ')} hear every event; the log of events has one reader.`);
  const unknown = wanted?.find((name) => !names.includes(name));
  if (unknown) throw new Error(`MODULES names ${unknown}; there are: ${names.join(', ')}.`);
  const spoken = modules.filter(({ dialect }) => dialect).map(({ name }) => name);
  const strange = spoken.length > 0 ? dialects.find((name) => !spoken.includes(name)) : undefined;
  if (strange) throw new Error(`SOUK_DIALECTS names ${strange}; there are: ${spoken.join(', ')}, or off.`);
  const local = new Set((wanted ?? names).filter((name) => !spoken.includes(name) || dialects.includes(name)));
  refuseUnreachable(modules, local, serviceUrls);
  return local;
}

/** Whether this process keeps the kernel's rows: it answers for the audit trail and the dead letters, and drops what is old. */
export const keepsKernel = ([lowest]: readonly Module[], local: ReadonlySet<string>): boolean => !lowest || local.has(lowest.name);

/** A route that asks for a permission, or names a limit, that nobody declares would open for nobody, or fail when it is called. */
export function refuseUndeclared(modules: readonly Module[], permissions: Permissions): void {
  const limits = limitsOf(modules);
  for (const { name, routes } of modules) {
    for (const route of routes) {
      const { access, limit } = route.spec;
      const at = `${route.method} ${route.path} of ${name}`;
      const asked = [...scopesOf({ access }), ...('staff' in access && access.staff ? [access.staff] : [])];
      const undeclared = asked.find((permission) => !permissions.all.includes(permission));
      if (undeclared) throw new Error(`${at} asks for ${undeclared}, which no module declares.`);
      if (typeof limit === 'string' && !Object.hasOwn(limits, limit))
        throw new Error(`${at} names the limit ${limit}, which no module declares.`);
    }
  }
}

/** A module that needs one that runs nowhere is refused at the start, because it would fail at its first call. */
function refuseUnreachable(modules: readonly Module[], local: ReadonlySet<string>, urls: Readonly<Record<string, string>>): void {
  const odd = modules.find(({ name }) => urls[name]?.split(',').some((url) => !/^https?:\/\/[^/]/.test(url.trim())));
  if (odd)
    throw new Error(`${odd.name.toUpperCase()}_SERVICE_URL must be an address such as http://localhost:3001, or several with commas.`);
  const alive = modules.filter(({ life }) => life).map(({ name }) => name);
  for (const { name, needs, asksEveryModule } of modules.filter(({ name }) => local.has(name))) {
    const absent = [...Object.keys(needs), ...(asksEveryModule ? alive : [])].find((need) => !local.has(need) && !urls[need]);
    if (absent) throw new Error(`${name} needs ${absent}, which does not live here: say where with ${absent.toUpperCase()}_SERVICE_URL.`);
  }
}

/** A module's SQL names its own schema and no other's. `ofQueue` is asked at each text: the queue is opened over the guarded database. */
export function refuseForeignSchemas(
  modules: readonly { name: string }[],
  ofQueue: () => string | undefined,
): (owner: string, text: string) => void {
  const schemas = ['kernel', ...modules.map(({ name }) => name)];
  return (owner, text) => {
    if (owner === ofQueue()) throw new Error(`A module may not be called ${owner}: the queue has the schema of that name.`);
    const foreign = [...schemas, ofQueue() ?? 'kernel'].find(
      (schema) => schema !== owner && new RegExp(`\\b${schema}\\.[a-z_]`).test(text),
    );
    if (foreign) throw new Error(`SQL of ${owner} names the schema ${foreign}; ask its module instead: ${text.slice(0, 120)}`);
  };
}
