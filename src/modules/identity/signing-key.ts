import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import type { z } from 'zod';
import { SIGNING_ALGORITHM } from '#authentication/access-claims.ts';
import { days, minutes } from '#kernel/clock.ts';
import type { BaseContext } from '#kernel/context.ts';
import { type Database, sql } from '#kernel/database.ts';
import type { Secrets } from '#kernel/secrets.ts';
import type { PublicKey } from './contract.ts';

const REPLACED_AFTER_MS = days(90);
/** A new key is published before it signs, and an old one after: others may keep the list for a while. */
const PUBLISHED_AHEAD_MS = days(1);
const PUBLISHED_AFTER_MS = days(1);
const REREAD_MS = minutes(1);

type Keys = Pick<BaseContext, 'db' | 'clock' | 'secrets'>;

interface SigningKeyRow {
  generation: number;
  kid: string;
  public_key: z.infer<typeof PublicKey>;
  private_sealed: string;
  signs_from: Date;
}

/** What the ciphertext of a private key is bound to. */
export const signingKeyPlace = (kid: string) => `identity.signing_keys:${kid}`;

/** The public keys, the one that signs now first. */
export async function publicKeys(ctx: Keys): Promise<z.infer<typeof PublicKey>[]> {
  const rows = await signingKeys(ctx);
  const current = currentOf(rows, ctx.clock.now());
  return [current, ...rows.filter((row) => row !== current)].map((row) => row.public_key);
}

/** What signs now. */
export async function currentSigner(ctx: Keys): Promise<{ kid: string; key: CryptoKey }> {
  const { kid, private_sealed } = currentOf(await signingKeys(ctx), ctx.clock.now());
  const held = heldFor(ctx.secrets);
  const key =
    held.imported.get(kid) ??
    ((await importJWK(JSON.parse(ctx.secrets.unseal(private_sealed, signingKeyPlace(kid))) as JWK, SIGNING_ALGORITHM)) as CryptoKey);
  held.imported.set(kid, key);
  return { kid, key };
}

/** Makes the next key when the newest has signed long enough, and removes those that no valid token needs. */
export async function rotateSigningKeys(ctx: Keys): Promise<void> {
  const now = ctx.clock.now().getTime();
  const rows = await signingKeys(ctx);
  const newest = rows[0];
  if (newest && newest.signs_from.getTime() < now - REPLACED_AFTER_MS)
    await addKey(ctx, newest.generation + 1, new Date(now + PUBLISHED_AHEAD_MS));
  const { generation, signs_from } = currentOf(rows, ctx.clock.now());
  if (signs_from.getTime() < now - PUBLISHED_AFTER_MS)
    await ctx.db.execute(sql`delete from identity.signing_keys where generation < ${generation}`);
}

/** What this process holds of the keys, for as long as it has these secrets: one composition, one database. */
interface Held {
  rows: SigningKeyRow[];
  readAt: number;
  imported: Map<string, CryptoKey>;
}

const heldBySecrets = new WeakMap<Secrets, Held>();

function heldFor(secrets: Secrets): Held {
  const held = heldBySecrets.get(secrets) ?? { rows: [], readAt: 0, imported: new Map() };
  heldBySecrets.set(secrets, held);
  return held;
}

/** All keys, newest first; the first is made when there is none. */
async function signingKeys(ctx: Keys): Promise<SigningKeyRow[]> {
  const held = heldFor(ctx.secrets);
  const now = ctx.clock.now();
  if (held.rows.length > 0 && now.getTime() - held.readAt < REREAD_MS) return held.rows;
  let rows = await readKeys(ctx.db);
  if (rows.length === 0) {
    await addKey(ctx, 1, now);
    rows = await readKeys(ctx.db);
  }
  Object.assign(held, { rows, readAt: now.getTime() });
  return rows;
}

const readKeys = (db: Database) =>
  db.many<SigningKeyRow>(
    sql`select generation, kid, public_key, private_sealed, signs_from from identity.signing_keys order by generation desc`,
  );

/** Processes that add the same generation at once end up with one: the first to commit. */
async function addKey(ctx: Keys, generation: number, signsFrom: Date): Promise<void> {
  const pair = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true });
  const jwk = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const publicKey = { ...jwk, kid, alg: SIGNING_ALGORITHM, use: 'sig' };
  const sealed = ctx.secrets.seal(JSON.stringify(await exportJWK(pair.privateKey)), signingKeyPlace(kid));
  await ctx.db.execute(sql`
    insert into identity.signing_keys (generation, kid, public_key, private_sealed, signs_from, created_at)
    values (${generation}, ${kid}, ${JSON.stringify(publicKey)}::jsonb, ${sealed}, ${signsFrom}, ${ctx.clock.now()})
    on conflict (generation) do nothing`);
}

function currentOf(rows: readonly SigningKeyRow[], now: Date): SigningKeyRow {
  const current = rows.find((row) => row.signs_from <= now) ?? rows.at(-1);
  if (!current) throw new Error('There is no signing key');
  return current;
}
