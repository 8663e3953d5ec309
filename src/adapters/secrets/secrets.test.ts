import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isSettingName } from '#kernel/settings.ts';
import { BadSettings } from '#kernel/settings-part.ts';
import { readSoukSettings, settingsParts } from '../../souk.ts';
import { gatherSettings } from './index.ts';

const KEYS = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
const folder = mkdtempSync(join(tmpdir(), 'souk-secrets-'));
const keysFile = join(folder, 'keys');
writeFileSync(keysFile, `${KEYS}\n`);
afterAll(() => rmSync(folder, { recursive: true }));

const gather = (env: Record<string, string>) => gatherSettings(env, (name) => isSettingName(name, settingsParts()));

const refusal = async (env: Record<string, string>): Promise<string> => {
  const error: unknown = await gather(env).catch((reason) => reason);
  expect(error).toBeInstanceOf(BadSettings);
  return (error as Error).message;
};

describe('files', () => {
  test('hold settings, their last line end aside', async () => {
    expect(
      readSoukSettings(await gather({ SECRET_KEYS_FILE: keysFile }))
        .keys.all()
        .map(({ id }) => id),
    ).toEqual(['k1']);
  });

  test("hold a provider's secret as well", async () => {
    const env = { SECRET_KEYS_FILE: keysFile, GOOGLE_CLIENT_ID: 'souk', GOOGLE_CLIENT_SECRET_FILE: keysFile };
    expect(readSoukSettings(await gather(env)).parts.identityProviders).toMatchObject({ google: { clientSecret: KEYS } });
  });

  test('that are not there, or a setting that is given twice, are refused', async () => {
    expect(await refusal({ INTERNAL_SECRET_FILE: join(folder, 'none') })).toBe(
      `INTERNAL_SECRET_FILE: the file ${join(folder, 'none')} cannot be read (ENOENT)`,
    );
    expect(await refusal({ SECRET_KEYS_FILE: keysFile, SECRET_KEYS: KEYS })).toMatch(/^SECRET_KEYS: is given twice/);
  });

  test('that are empty, folders or without an end are refused', async () => {
    const [empty, long] = [join(folder, 'empty'), join(folder, 'long')];
    writeFileSync(empty, '\n');
    writeFileSync(long, 'x'.repeat(64 * 1024 + 1));
    expect(await refusal({ SECRET_KEYS_FILE: empty })).toBe(`SECRET_KEYS_FILE: the file ${empty} is empty`);
    expect(await refusal({ SECRET_KEYS_FILE: folder })).toBe(`SECRET_KEYS_FILE: the file ${folder} cannot be read (EISDIR)`);
    for (const path of [long, '/dev/zero'])
      expect(await refusal({ SECRET_KEYS_FILE: path })).toBe(`SECRET_KEYS_FILE: the file ${path} is longer than 64 KiB`);
  });

  test('of other programs are not read', async () => {
    expect(await gather({ SSL_CERT_FILE: '/nowhere/cert.pem' })).toEqual({ SSL_CERT_FILE: '/nowhere/cert.pem' });
  });
});

/** Answers as https://developer.hashicorp.com/vault/api-docs documents it: KV versions 1 and 2, AppRole, and refusals. */
describe('Vault', () => {
  const TOKEN = 'hvs.CAESIJlU9JMYEhOPYv4igdhm9PnZDrabYTobQ4Ymnlq1qY';
  let server: Server;
  let address: string;
  let asked: { path: string; namespace: string | undefined }[];
  let sealed: boolean;

  const entries: Record<string, unknown> = {
    '/v1/secret/data/souk': {
      request_id: '2d7a5ad6-d1d9-7b71-9dbf-9d3ae9d5c2b6',
      lease_id: '',
      renewable: false,
      lease_duration: 0,
      data: {
        data: { SECRET_KEYS: KEYS, COMMISSION_PERCENT: '7' },
        metadata: {
          created_time: '2026-03-22T02:36:43.986212308Z',
          custom_metadata: null,
          deletion_time: '',
          destroyed: false,
          version: 2,
        },
      },
      wrap_info: null,
      warnings: null,
      auth: null,
    },
    '/v1/kv/souk': { auth: null, data: { SECRET_KEYS: KEYS }, lease_duration: 2764800, lease_id: '', renewable: false },
    '/v1/secret/data/numbers': { data: { data: { PORT: 3000 }, metadata: { version: 1 } } },
  };

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const path = request.url as string;
    asked.push({ path, namespace: request.headers['x-vault-namespace'] as string | undefined });
    if (sealed) return { status: 503, body: { errors: ['Vault is sealed'] } };
    if (path === '/v1/auth/approle/login') {
      const chunks = await request.toArray();
      const login = JSON.parse(Buffer.concat(chunks).toString());
      if (request.method !== 'POST' || login.role_id !== 'role' || login.secret_id !== 'right')
        return { status: 400, body: { errors: ['invalid role or secret ID'] } };
      return { status: 200, body: { auth: { client_token: TOKEN, renewable: true, lease_duration: 1200, token_policies: ['default'] } } };
    }
    if (request.headers['x-vault-token'] !== TOKEN) return { status: 403, body: { errors: ['permission denied'] } };
    const entry = entries[path];
    return entry ? { status: 200, body: entry } : { status: 404, body: { errors: [] } };
  }

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const { status, body } = await answer(request);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    [asked, sealed] = [[], false];
  });
  afterAll(() => server.close());

  const env = (more: Record<string, string> = {}) => ({ VAULT_ADDR: address, VAULT_PATH: 'secret/data/souk', VAULT_TOKEN: TOKEN, ...more });

  test('gives the fields of an entry, of either version', async () => {
    const settings = readSoukSettings(await gather(env()));
    expect([settings.keys.all()[0]?.id, settings.parts.orders]).toMatchObject(['k1', { commissionBasisPoints: 700 }]);
    expect(await gather(env({ VAULT_PATH: '/kv/souk' }))).toMatchObject({ SECRET_KEYS: KEYS });
  });

  test('is overruled by the environment and by files', async () => {
    const file = join(folder, 'commission');
    writeFileSync(file, '3');
    expect(await gather(env({ COMMISSION_PERCENT: '4' }))).toMatchObject({ COMMISSION_PERCENT: '4', SECRET_KEYS: KEYS });
    expect(await gather(env({ COMMISSION_PERCENT_FILE: file }))).toMatchObject({ COMMISSION_PERCENT: '3' });
  });

  test('is opened by an AppRole, in a namespace, with secrets from files', async () => {
    const file = join(folder, 'secret-id');
    writeFileSync(file, 'right\n');
    const role = {
      VAULT_ADDR: address,
      VAULT_PATH: 'secret/data/souk',
      VAULT_ROLE_ID: 'role',
      VAULT_SECRET_ID_FILE: file,
      VAULT_NAMESPACE: 'shop',
    };
    expect(await gather(role)).toMatchObject({ SECRET_KEYS: KEYS });
    expect(asked).toEqual([
      { path: '/v1/auth/approle/login', namespace: 'shop' },
      { path: '/v1/secret/data/souk', namespace: 'shop' },
    ]);
  });

  test('is not asked when it is not named', async () => {
    expect(await gather({ PORT: '3000' })).toEqual({ PORT: '3000' });
    expect(asked).toEqual([]);
  });

  test.each<[string, () => Record<string, string>, RegExp]>([
    ['a token that it refuses', () => env({ VAULT_TOKEN: 'hvs.other' }), /^VAULT_TOKEN: Vault refuses it/],
    ['no token', () => ({ VAULT_ADDR: address, VAULT_PATH: 'kv/souk' }), /^VAULT_TOKEN: missing/],
    [
      'a wrong AppRole',
      () => ({ VAULT_ADDR: address, VAULT_PATH: 'kv/souk', VAULT_ROLE_ID: 'role', VAULT_SECRET_ID: 'wrong' }),
      /^VAULT_SECRET_ID: /,
    ],
    ['an entry that is not there', () => env({ VAULT_PATH: 'secret/souk' }), /^VAULT_PATH: there is no such entry/],
    ['an entry that holds no texts', () => env({ VAULT_PATH: 'secret/data/numbers' }), /^VAULT_PATH: .* holds no settings/],
    ['no path', () => ({ VAULT_ADDR: address, VAULT_TOKEN: TOKEN }), /^VAULT_PATH: names no entry/],
    [
      'nobody there',
      () => env({ VAULT_ADDR: 'http://127.0.0.1:4' }),
      /^VAULT_ADDR: Vault at http:\/\/127.0.0.1:4 did not answer \(ECONNREFUSED\)$/,
    ],
    ['no address', () => env({ VAULT_ADDR: 'vault' }), /^VAULT_ADDR: must be the address/],
    [
      'plain http in production',
      () => env({ VAULT_ADDR: 'http://vault.example.com', NODE_ENV: 'production' }),
      /^VAULT_ADDR: production asks/,
    ],
  ])('%s is refused in words that name no secret', async (_, given, message) => {
    const said = await refusal(given());
    expect(said).toMatch(message);
    for (const secret of [TOKEN, KEYS, 'hvs.other', 'wrong)']) expect(said).not.toContain(secret);
  });

  test('that is sealed is refused', async () => {
    sealed = true;
    expect(await refusal(env())).toMatch(/^VAULT_ADDR: Vault is sealed/);
  });
});
