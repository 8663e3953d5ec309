import { BadSettings } from '#kernel/settings-part.ts';
import { secretsInFiles } from './files.ts';
import type { Environment } from './port.ts';
import { vault } from './vault.ts';

/**
 * Settings from all their sources: the environment wins over files (`NAME_FILE`), and files over Vault.
 * `isSetting` says which names are settings of Souk: others may end in `_FILE` too.
 * @throws BadSettings when a source cannot be read, or a setting is given both by itself and by a file.
 */
export async function gatherSettings(env: Environment, isSetting: (name: string) => boolean): Promise<Environment> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const fromFiles = await secretsInFiles(isSetting).read(given);
  const twice = Object.keys(fromFiles).find((name) => name in given);
  if (twice) throw new BadSettings(`${twice}: is given twice, by itself and by ${twice}_FILE; take one away`);
  const known = { ...fromFiles, ...given };
  return { ...(await vault.read(known)), ...known };
}
