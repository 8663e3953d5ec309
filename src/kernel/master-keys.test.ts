import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type World, world } from '../../test/world.ts';
import { modules } from '../modules/index.ts';
import { readSoukSettings } from '../souk.ts';
import { prepareDatabase } from './prepare-database.ts';
import { keysInFile } from './secrets.ts';

/** Each test is the start of a process on a database that another has made with the keys `test` (test/settings.ts). */

const key = (name: string, byte: number) => `${name}:${Buffer.alloc(32, byte).toString('base64')}`;
const [own, second, third] = [key('test', 7), key('second', 8), key('third', 9)];
const folder = mkdtempSync(join(tmpdir(), 'souk-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

let w: World;

const starts = (secretKeys: string | undefined, url = w.databaseUrl) =>
  prepareDatabase(url, modules, readSoukSettings({ SECRET_KEYS: secretKeys, SOUK_DATA: folder }).keys);
const knownKeys = async () => (await w.sql<{ name: string }>('select name from kernel.master_keys order by name')).map(({ name }) => name);
const refusal = (secretKeys: string | undefined, url?: string): Promise<string> =>
  starts(secretKeys, url).then(
    () => 'it started',
    (error: Error) => error.message,
  );

const BRING_BACK = 'Start with the keys that it was made with: SECRET_KEYS, or the file keys in the folder SOUK_DATA.';

/** What is tried here stands in this order, on one database. */
describe('a database that knows its keys', () => {
  beforeAll(async () => {
    w = await world();
  });

  test.each([
    [
      'another key of the same name',
      key('test', 1),
      `This database was made with another key test than the last of these keys. ${BRING_BACK}`,
    ],
    [
      'another key of another name',
      key('k1', 1),
      `This database was made with another key test than the last of these keys. ${BRING_BACK}`,
    ],
    [
      'a new key behind the old one',
      `${own},${second}`,
      'The key test must stay the last of SECRET_KEYS: it makes the indexes of this database. Put new keys in front of it.',
    ],
    [
      'no keys at all',
      undefined,
      `The keys of this database are missing: ${folder}/keys is not there. Bring that file back, or set SECRET_KEYS to what it held.`,
    ],
  ])('refuses a start with %s, and nothing is written', async (_, given, sentence) => {
    const before = await w.dump();

    expect(await refusal(given)).toBe(sentence);

    expect(await w.dump()).toBe(before);
    expect(existsSync(join(folder, 'keys'))).toBe(false);
  });

  test('holds keyed hashes of them, never the keys', async () => {
    await starts(`${second},${own}`);

    const dump = await w.dump();
    for (const given of [own, second]) expect(dump).not.toContain(given.split(':')[1]);
    expect(await w.sql('select name, length(fingerprint) as length, makes_indexes from kernel.master_keys order by name')).toEqual([
      { name: 'second', length: 43, makes_indexes: false },
      { name: 'test', length: 43, makes_indexes: true },
    ]);
  });

  test('lets a new key in front, and an old one go once nothing is sealed with it', async () => {
    await starts(`${second},${own}`);
    const rotated = await w.sibling({ SECRET_KEYS: `${second},${own}` });
    await rotated.person('ann');
    expect(await knownKeys()).toEqual(['second', 'test']);

    await starts(`${third},${second},${own}`);
    expect(await refusal(`${third},${own}`)).toBe(
      'SECRET_KEYS lacks the key second, and this database still holds data that is sealed with it. Put it back, run "npm run souk -- reseal", and take it away then.',
    );
    expect(await refusal(`${third},${key('second', 1)},${own}`)).toBe(
      'This database knows another key by the name second. Bring that one back, and give a new key a new name.',
    );

    for (const module of modules.filter(({ sealed }) => sealed.length > 0)) {
      const resealer = await w.sibling({ SECRET_KEYS: `${third},${second},${own}` });
      await resealer.ask(module.name, 'reseal', { after: null, limit: 1000 });
      for (let place = 1; place < module.sealed.length; place++)
        await resealer.ask(module.name, 'reseal', { after: `${place}:`, limit: 1000 });
    }
    await starts(`${third},${own}`);
    expect(await knownKeys()).toEqual(['test', 'third']);
  });
});

describe('a database that was made before keys were noted', () => {
  beforeAll(async () => {
    w = await world();
    await w.person('ann');
    await w.sql('delete from kernel.master_keys');
  });

  test('refuses keys that do not read what is sealed', async () => {
    for (const given of [key('test', 1), second])
      expect(await refusal(given)).toBe(`This database was made with other keys: these do not read identity.signing_keys. ${BRING_BACK}`);
    expect(await knownKeys()).toEqual([]);
  });

  test('refuses keys that read what is sealed, and make other indexes', async () => {
    expect(await refusal(`${own},${second}`)).toBe(
      `This database was made with other keys: these do not read identity.accounts. ${BRING_BACK}`,
    );
  });

  test('is taken by the keys that read it, and knows them from then on', async () => {
    expect(await starts(`${second},${own}`)).toBe(0);
    expect(await knownKeys()).toEqual(['second', 'test']);
    expect(await refusal(second)).toContain('another key test than the last');
  });
});

test('of first starts at once with different keys one makes the database, and the others are refused', async () => {
  const name = `${new URL(w.databaseUrl).pathname.slice(1)}_new`;
  await w.sql(`create database ${name}`);
  const url = Object.assign(new URL(w.databaseUrl), { pathname: `/${name}` }).href;

  const said = await Promise.all([1, 2, 3].map((byte) => refusal(key('k1', byte), url)));

  expect(said.sort()).toEqual([expect.stringContaining('another key k1'), expect.stringContaining('another key k1'), 'it started']);
  await w.sql(`drop database ${name}`);
});

test('first starts at once on one folder make its keys once, and agree', async () => {
  const name = `${new URL(w.databaseUrl).pathname.slice(1)}_new`;
  await w.sql(`create database ${name}`);
  const url = Object.assign(new URL(w.databaseUrl), { pathname: `/${name}` }).href;

  expect(await Promise.all([1, 2, 3].map(() => refusal(undefined, url)))).toEqual(['it started', 'it started', 'it started']);

  await w.sql(`drop database ${name}`);
  rmSync(join(folder, 'keys'));
});

test('a file of keys that is lost while Souk runs is not replaced by other keys', () => {
  const path = join(folder, 'lost');
  const keys = keysInFile(path);
  const made = keys.all();
  rmSync(path);
  expect(keys.all()).toEqual(made);
  expect(keys.missing()).toBe(path);
});
