import { closeSync, openSync, readSync } from 'node:fs';
import { BadSettings } from '#kernel/settings-part.ts';
import type { SettingsSource } from './port.ts';

/** Not settings of Souk's own, but as secret: what opens the Vault. */
const VAULTS = ['VAULT_TOKEN', 'VAULT_ROLE_ID', 'VAULT_SECRET_ID'];

/** `SECRET_KEYS_FILE=/run/secrets/keys` is the content of that file as SECRET_KEYS: Docker and Kubernetes pass secrets so. */
export const secretsInFiles = (isSetting: (name: string) => boolean): SettingsSource => ({
  async read(env) {
    const named = Object.entries(env).flatMap(([variable, path]) => {
      const name = /^(.+)_FILE$/.exec(variable)?.[1];
      return name && path && (isSetting(name) || VAULTS.includes(name)) ? [{ name, variable, path }] : [];
    });
    return Object.fromEntries(named.map(({ name, variable, path }) => [name, contentOf(variable, path)]));
  },
});

/** The longest value of a setting: keys and certificates fit, a file that was named by mistake may not. */
const LONGEST_BYTES = 64 * 1024;

function contentOf(name: string, path: string): string {
  const content = Buffer.alloc(LONGEST_BYTES + 1);
  let length = 0;
  try {
    const file = openSync(path, 'r');
    try {
      for (let read = -1; read !== 0 && length < content.length; length += read)
        read = readSync(file, content, length, content.length - length, null);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new BadSettings(`${name}: the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (length > LONGEST_BYTES) throw new BadSettings(`${name}: the file ${path} is longer than ${LONGEST_BYTES / 1024} KiB`);
  const text = content.toString('utf8', 0, length).trim();
  if (!text) throw new BadSettings(`${name}: the file ${path} is empty`);
  return text;
}
