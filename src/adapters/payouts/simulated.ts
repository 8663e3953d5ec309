import type { Money } from '#kernel/money.ts';
import type { Payouts } from './port.ts';

/** Destinations to which nothing is sent, as sandboxes of banks have them. docs/running.md lists them. */
const FAILURES: ReadonlyMap<string, string> = new Map([
  ['closed-account', 'The account is closed.'],
  ['unknown-account', 'There is no such account.'],
]);

/** These say nothing the first time, or the first three times, that a key asks; the money is sent the first time all the same. */
const SILENT: ReadonlyMap<string, number> = new Map([
  ['lost-answer', 1],
  ['lost-answers', 3],
]);
const REMEMBERED = 10_000;

/** What the bank was asked under one key, and what came of it. */
export interface AskedPayout {
  readonly key: string;
  readonly money: Money;
  readonly owner: string;
  readonly destination: string | null;
  /** How often; money is sent once at most. */
  times: number;
  outcome: 'sent' | 'failed';
}

/** A bank that sends no real money, and records what it was asked. Its outcome depends on the destination only. */
export interface SimulatedPayouts extends Payouts {
  /** The newest 10,000 keys, oldest first. */
  asked(): readonly AskedPayout[];
}

export function simulatedPayouts(): SimulatedPayouts {
  const byKey = new Map<string, AskedPayout>();
  return {
    async send({ key, money, owner, destination }) {
      const reason = FAILURES.get(destination ?? '');
      const asked = byKey.get(key) ?? { key, money, owner, destination, times: 0, outcome: reason ? 'failed' : 'sent' };
      const before = asked.money;
      if (
        before.amount !== money.amount ||
        before.currency !== money.currency ||
        asked.owner !== owner ||
        asked.destination !== destination
      )
        throw new Error(`The key ${key} was used for another payout.`);
      const [oldest] = byKey.keys();
      if (!byKey.has(key) && byKey.size >= REMEMBERED && oldest !== undefined) byKey.delete(oldest);
      byKey.set(key, asked);
      asked.times += 1;
      if (asked.times <= (SILENT.get(destination ?? '') ?? 0)) throw new Error('The simulated bank did not answer.');
      return reason ? { outcome: 'failed', reason } : { outcome: 'sent' };
    },
    asked: () => [...byKey.values()],
  };
}
