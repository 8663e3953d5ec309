import { REVOCATIONS_CHANNEL } from '#identity';
import { minutes } from '#kernel/clock.ts';
import type { AuthenticatorParts, Verified } from './authenticator.ts';

/** Longer than any token is valid, for clocks that differ. */
export const REVOCATION_LIFE_MS = minutes(61);

/** At most so many are read at once. */
export const REVOCATIONS_PER_PAGE = 10_000;

let made = 0;

/** Says, after the commit, that this process has revoked: its own next request need not wait for the notification to come round. */
export function revokedHere(): void {
  made++;
}

/** A connection may be dead without anybody noticing; then this is how long a revocation can take. */
const TRUSTED_MS = 10_000;

/** What was revoked, of tokens that may still be alive. */
export function revokedOf({ identity, clock, signals }: AuthenticatorParts) {
  const sessions = new Map<string, number>(); // session -> when it can be forgotten, in ms
  const accounts = new Map<string, { seq: number; until: number }>();
  let last = 0;
  let called = 1; // grows with every call to read again
  let answered = 0; // the call that has been followed
  let madeHere = made;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  signals.on(REVOCATIONS_CHANNEL, () => called++);

  const read = async (): Promise<void> => {
    const following = called;
    const now = clock.now().getTime();
    for (let isMore = true; isMore; ) {
      const page = await identity.revocations({ since: last });
      for (const { kind, id, seq } of page.revocations) {
        if (kind === 'session') sessions.set(id, now + REVOCATION_LIFE_MS);
        else accounts.set(id, { seq, until: now + REVOCATION_LIFE_MS });
      }
      last = page.last;
      isMore = page.revocations.length >= REVOCATIONS_PER_PAGE;
    }
    for (const [id, until] of sessions) if (until <= now) sessions.delete(id);
    for (const [id, { until }] of accounts) if (until <= now) accounts.delete(id);
    readAt = now;
    answered = following;
  };

  const isFresh = (): boolean => {
    if (madeHere !== made) {
      madeHere = made;
      called++;
    }
    return answered === called && signals.hearing() && clock.now().getTime() - readAt < TRUSTED_MS;
  };

  return {
    isFresh,
    /** Reads until nothing has been called for that was not read after the call. */
    async refresh(): Promise<void> {
      if (answered === called || !signals.hearing()) called++; // what is not heard may have happened since the last reading began
      for (const wanted = called; answered < wanted; ) {
        reading ??= read().finally(() => {
          reading = undefined;
        });
        await reading;
      }
    },
    voids: ({ sessionId, accountId, rev }: Verified): boolean =>
      (sessionId !== null && sessions.has(sessionId)) || (accounts.get(accountId)?.seq ?? 0) > rev,
  };
}
