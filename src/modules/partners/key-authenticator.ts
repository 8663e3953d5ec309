import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { type Clock, minutes } from '#kernel/clock.ts';
import { type Actor, keyActor } from '#kernel/context.ts';
import type { Client } from '#kernel/contracts.ts';
import type { Metrics } from '#kernel/metrics.ts';
import { unauthenticated } from '#kernel/problems.ts';
import type { Secrets } from '#kernel/secrets.ts';
import { KEYS_CHANNEL, type partners } from './contract.ts';
import { keysEndedHere } from './key.ts';
import { hashOf, type KeyText, readKey } from './key-text.ts';

export interface KeyAuthenticatorParts {
  partners: Pick<Client<typeof partners>, 'judgeKey' | 'noteUse'>;
  clock: Clock;
  log: Logger;
  secrets: Secrets;
  signals: { hearing(): boolean; on(channel: string, heard: () => void): void };
  metrics: Pick<Metrics, 'cached'>;
}

/** A key that was found valid, and what must hold so that this is still believed. */
interface Judged {
  actor: Actor;
  expiresAtMs: number;
  /** How much had been heard of when it was asked about. */
  era: number;
  readAtMs: number;
}

const REMEMBERED = 10_000;

/** A connection may be dead without anybody noticing; then this is how long a revocation can take. */
const TRUSTED_MS = 10_000;

const NOTED_EVERY_MS = minutes(1);

/**
 * The judge of API keys. A key is asked about once; then it is remembered, and a call costs a look-up in memory. What is
 * remembered counts for nothing as soon as any key is revoked anywhere, while nothing can be heard, and after ten seconds.
 */
export function createKeyAuthenticator(parts: KeyAuthenticatorParts): { authenticate(apiKey: string): Promise<Actor> } {
  const { partners, clock, log, secrets, signals, metrics } = parts;
  const judged = new LRUCache<string, Judged>({ max: REMEMBERED });
  const noted = new LRUCache<string, number>({ max: REMEMBERED });
  let heard = 0;
  signals.on(KEYS_CHANNEL, () => heard++);
  const era = (): number => heard + keysEndedHere();

  const isStillGood = (known: Judged, nowMs: number): boolean =>
    known.era === era() && signals.hearing() && nowMs - known.readAtMs < TRUSTED_MS && nowMs < known.expiresAtMs;

  const ask = async (apiKey: string, { id, secret }: KeyText, readAtMs: number): Promise<Judged> => {
    const before = era();
    const answer = await partners.judgeKey({ id, keyHash: hashOf(secrets, secret) });
    if (!answer) {
      judged.delete(apiKey);
      throw notValid();
    }
    const expiresAtMs = answer.expiresAt ? Date.parse(answer.expiresAt) : Number.POSITIVE_INFINITY;
    const known = { actor: keyActor(id, answer.partner, answer.scopes), expiresAtMs, era: before, readAtMs };
    judged.set(apiKey, known);
    return known;
  };

  /** Beside the call, which it can neither delay nor fail. */
  const noteUse = (id: string, nowMs: number): void => {
    if (nowMs - (noted.get(id) ?? Number.NEGATIVE_INFINITY) < NOTED_EVERY_MS) return;
    noted.set(id, nowMs);
    partners
      .noteUse({ id, at: new Date(nowMs).toISOString() })
      .catch((error) => log.warn({ err: error, key: id }, 'the use of an API key could not be noted'));
  };

  return {
    async authenticate(apiKey) {
      const text = readKey(apiKey);
      if (!text) throw notValid();
      const nowMs = clock.now().getTime();
      const before = judged.get(apiKey);
      const isFresh = before !== undefined && isStillGood(before, nowMs);
      metrics.cached('api-keys', isFresh);
      const known = isFresh ? before : await ask(apiKey, text, nowMs);
      noteUse(known.actor.id, nowMs);
      return known.actor;
    },
  };
}

/** One answer for a key that never was, was revoked, or has expired. */
const notValid = () => unauthenticated({ reason: 'The API key is not valid: it was mistyped, was deleted, or has expired.' });
