import { readFileSync } from 'node:fs';
import { BadSettings } from '#kernel/settings-part.ts';
import type { SettingsSource } from './port.ts';

/** Not settings of Souk's own, but as secret: what opens the Vault. */
const VAULTS = ['VAULT_TOKEN', 'VAULT_ROLE_ID', 'VAULT_SECRET_ID'];

/** `SECRET_KEYS_FILE=/run/secrets/keys` is SECRET_KEYS as it stands in that file: so Docker and Kubernetes hand secrets over. */
export const secretsInFiles = (isSetting: (name: string) => boolean): SettingsSource => ({
  async read(env) {
    const named = Object.entries(env).flatMap(([variable, path]) => {
      const name = /^(.+)_FILE$/.exec(variable)?.[1];
      return name && path && (isSetting(name) || VAULTS.includes(name)) ? [{ name, variable, path }] : [];
    });
    return Object.fromEntries(named.map(({ name, variable, path }) => [name, contentOf(variable, path)]));
  },
});

function contentOf(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new BadSettings(`${name}: the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
