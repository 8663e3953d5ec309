import { z } from 'zod';
import { BadSettings } from '#kernel/settings-part.ts';
import type { Environment, SettingsSource } from './port.ts';

/**
 * Settings that HashiCorp Vault (or OpenBao) keeps: one entry of a key-value engine, whose fields are named as settings are.
 * Reads it once, at start, by Vault's HTTP API (https://developer.hashicorp.com/vault/api-docs): with VAULT_TOKEN, or as an
 * AppRole with VAULT_ROLE_ID and VAULT_SECRET_ID.
 */
export const vault: SettingsSource = {
  async read(env) {
    if (!env.VAULT_ADDR) return {};
    if (!env.VAULT_PATH) throw new BadSettings('VAULT_PATH: names no entry; give its API path, for example secret/data/souk');
    const address = addressOf(env.VAULT_ADDR, env.NODE_ENV === 'production');
    const headers: Record<string, string> = env.VAULT_NAMESPACE ? { 'x-vault-namespace': env.VAULT_NAMESPACE } : {};
    const token = env.VAULT_TOKEN ?? (await signIn(address, env, headers));
    const path = env.VAULT_PATH.replace(/^\/+/, '');
    return fieldsOf(await call(`${address}/v1/${path}`, { headers: { ...headers, 'x-vault-token': token } }), path);
  },
};

const TIME_LIMIT_MS = 5000;

/** Secrets travel to it, so in production it is asked over TLS, or on this very machine. */
function addressOf(text: string, isProduction: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new BadSettings('VAULT_ADDR: must be the address of a Vault server, for example https://vault.example.com:8200');
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (isProduction && url.protocol === 'http:' && !isHere) throw new BadSettings('VAULT_ADDR: production asks Vault over https only');
  return url.origin;
}

const Login = z.object({ auth: z.object({ client_token: z.string() }) });

async function signIn(address: string, env: Environment, headers: Record<string, string>): Promise<string> {
  if (!env.VAULT_ROLE_ID || !env.VAULT_SECRET_ID)
    throw new BadSettings('VAULT_TOKEN: missing; give it, or VAULT_ROLE_ID and VAULT_SECRET_ID of an AppRole');
  const body = JSON.stringify({ role_id: env.VAULT_ROLE_ID, secret_id: env.VAULT_SECRET_ID });
  const login = Login.safeParse(await call(`${address}/v1/auth/approle/login`, { method: 'POST', headers, body }));
  if (!login.success) throw new BadSettings('VAULT_ROLE_ID: Vault answered the sign-in without a token');
  return login.data.auth.client_token;
}

/** The entry of a key-value engine: version 2 wraps its fields once more, with their metadata beside them. */
const Entry = z.object({ data: z.record(z.string(), z.unknown()) });
const Versioned = z.object({ data: z.object({ data: z.record(z.string(), z.unknown()), metadata: z.object({ version: z.int() }) }) });

function fieldsOf(reply: unknown, path: string): Environment {
  const versioned = Versioned.safeParse(reply);
  const fields = versioned.success ? versioned.data.data.data : Entry.safeParse(reply).data?.data;
  const unreadable = Object.entries(fields ?? { '': null }).find(([, value]) => typeof value !== 'string');
  if (!fields || unreadable)
    throw new BadSettings(`VAULT_PATH: ${path} holds no settings: an entry whose fields are texts, named as settings are, was expected`);
  return fields as Environment;
}

async function call(url: string, init: RequestInit): Promise<unknown> {
  const reply = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIME_LIMIT_MS) }).catch((error: Error) => {
    const cause = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? error.name;
    throw new BadSettings(`VAULT_ADDR: Vault at ${new URL(url).origin} did not answer (${cause})`);
  });
  if (reply.ok) return reply.json().catch(() => undefined);
  throw new BadSettings(`${refusalOf(reply.status)} (Vault answered ${reply.status} to ${new URL(url).pathname})`);
}

/** What each status of Vault's API means for the operator. */
function refusalOf(status: number): string {
  if (status === 400) return 'VAULT_SECRET_ID: Vault does not accept the AppRole';
  if (status === 403) return 'VAULT_TOKEN: Vault refuses it, or it may not read the entry';
  if (status === 404) return 'VAULT_PATH: there is no such entry; a path of version 2 has data in it, as secret/data/souk has';
  if (status === 503) return 'VAULT_ADDR: Vault is sealed or under maintenance';
  return 'VAULT_ADDR: Vault cannot answer now';
}
