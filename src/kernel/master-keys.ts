import type pg from 'pg';
import type { SealedColumn } from './reseal.ts';
import { type MasterKey, secretsFrom } from './secrets.ts';

interface KnownKey {
  name: string;
  fingerprint: string;
  makes_indexes: boolean;
}

const BRING_BACK = 'Start with the keys that it was made with: SECRET_KEYS, or the file keys in the folder SOUK_DATA.';

/**
 * Refuses keys that are not those of the database, before anything is written. A database that knows no keys yet (it is new, or was
 * made before they were noted) is taken when the keys read a sample of all that is sealed in it.
 * @throws Error with a sentence for the operator that says what to do, and names no key but by its name.
 */
export async function refuseOtherKeys(client: pg.Client, keys: readonly MasterKey[], columns: readonly SealedColumn[]): Promise<void> {
  const known = await knownKeys(client);
  const root = known.find((key) => key.makes_indexes);
  if (!root) return refuseUnreadable(client, keys, columns);
  if (fingerprintOf(keys.at(-1)!) !== root.fingerprint) {
    const isHere = keys.some((key) => fingerprintOf(key) === root.fingerprint);
    throw new Error(
      isHere
        ? `The key ${root.name} must stay the last of SECRET_KEYS: it makes the indexes of this database. Put new keys in front of it.`
        : `This database was made with another key ${root.name} than the last of these keys. ${BRING_BACK}`,
    );
  }
  const other = keys.find((key) => known.some(({ name, fingerprint }) => name === key.id && fingerprint !== fingerprintOf(key)));
  if (other)
    throw new Error(`This database knows another key by the name ${other.id}. Bring that one back, and give a new key a new name.`);
  for (const { name } of known.filter((key) => !keys.some(({ id }) => id === key.name)))
    if (await stillSeals(client, name, columns))
      throw new Error(
        `SECRET_KEYS lacks the key ${name}, and this database still holds data that is sealed with it. Put it back, run "npm run souk -- reseal", and take it away then.`,
      );
}

/** Notes which keys the database belongs to, and forgets those that seal nothing any more. */
export async function noteKeys(client: pg.Client, keys: readonly MasterKey[]): Promise<void> {
  const now = keys.map((key, index) => ({ name: key.id, fingerprint: fingerprintOf(key), makes_indexes: index === keys.length - 1 }));
  const known = await knownKeys(client);
  const isSame = known.length === now.length && now.every((key) => known.some(({ name }) => name === key.name));
  if (isSame) return;
  await client.query(
    `with gone as (delete from kernel.master_keys where name <> all ($1))
     insert into kernel.master_keys (name, fingerprint, makes_indexes)
     select * from unnest($1::text[], $2::text[], $3::boolean[]) on conflict (name) do nothing`,
    [now.map(({ name }) => name), now.map(({ fingerprint }) => fingerprint), now.map(({ makes_indexes }) => makes_indexes)],
  );
}

const fingerprintOf = (key: MasterKey): string => secretsFrom([key]).fingerprint('souk', 'kernel.master-key');

async function knownKeys(client: pg.Client): Promise<KnownKey[]> {
  if (!(await isThere(client, 'kernel.master_keys'))) return [];
  return (await client.query<KnownKey>('select name, fingerprint, makes_indexes from kernel.master_keys')).rows;
}

/** One text of each column and key is opened, and compared with its index where it has one. */
async function refuseUnreadable(client: pg.Client, keys: readonly MasterKey[], columns: readonly SealedColumn[]): Promise<void> {
  const secrets = secretsFrom(keys);
  for (const { table, column, place, key, boundBy = key?.name ?? 'id', index } of columns) {
    if (!(await isThere(client, table))) continue;
    const { rows } = await client.query<{ bound_by: string; sealed: string; found_by: string | null }>(
      `select distinct on (split_part(${column}, '.', 1)) ${boundBy}::text as bound_by, ${column} as sealed, ${index?.column ?? 'null'} as found_by
       from ${table} where ${column} is not null`,
    );
    for (const { bound_by, sealed, found_by } of rows) {
      try {
        const text = secrets.unseal(sealed, place(bound_by));
        if (index && found_by !== index.of(secrets, text)) throw new Error('another key has made the index');
      } catch (error) {
        throw new Error(`This database was made with other keys: these do not read ${table}. ${BRING_BACK}`, { cause: error });
      }
    }
  }
}

async function stillSeals(client: pg.Client, name: string, columns: readonly SealedColumn[]): Promise<boolean> {
  for (const { table, column } of columns) {
    if (!(await isThere(client, table))) continue;
    const { rows } = await client.query(`select from ${table} where starts_with(${column}, $1) limit 1`, [`${name}.`]);
    if (rows.length > 0) return true;
  }
  return false;
}

/** Whether a table is there (in a database that no version, or an older one, has migrated). */
async function isThere(client: pg.Client, table: string): Promise<boolean> {
  return (await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [table])).rows[0]!.there;
}
