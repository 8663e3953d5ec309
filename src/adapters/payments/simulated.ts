import type { Money } from '#kernel/money.ts';
import type { PaymentGateway } from './port.ts';

/** Card numbers that do not simply succeed, as payment sandboxes have them. docs/running.md lists them. */
const DECLINES: ReadonlyMap<string, string> = new Map([
  ['4000000000000002', 'The card was declined.'],
  ['4000000000009995', 'The card has not enough funds.'],
  ['4000000000000069', 'The card has expired.'],
  ['4000000000000127', 'The security code is wrong.'],
]);

/** This one answers nothing, the first time that a key asks. */
const SILENT = '4000000000000119';
const REMEMBERED = 10_000;

/** What the gateway was asked under one key, and what came of it. */
export interface Asked {
  readonly kind: 'charge' | 'pay-back';
  readonly key: string;
  readonly money: Money;
  /** How often; money moves once at most. */
  times: number;
  /** `unknown` while the gateway has not answered. */
  outcome: 'succeeded' | 'declined' | 'unknown';
}

/** A gateway that moves no real money, and records what it was asked. Its outcome depends on the card number only. */
export interface SimulatedGateway extends PaymentGateway {
  /** The newest 10,000 keys, oldest first. */
  asked(): readonly Asked[];
}

export function simulatedGateway(): SimulatedGateway {
  const byKey = new Map<string, Asked>();
  /** @throws Error when the key was used for something else, as real gateways do. */
  const ask = (kind: Asked['kind'], key: string, money: Money): Asked => {
    const asked = byKey.get(key) ?? { kind, key, money, times: 0, outcome: 'unknown' };
    if (asked.kind !== kind || asked.money.amount !== money.amount || asked.money.currency !== money.currency)
      throw new Error(`The key ${key} was used for another ${asked.kind}.`);
    const [oldest] = byKey.keys();
    if (!byKey.has(key) && byKey.size >= REMEMBERED && oldest !== undefined) byKey.delete(oldest);
    byKey.set(key, asked);
    asked.times += 1;
    return asked;
  };
  return {
    async charge({ key, money, source }) {
      const card = source.replaceAll(/[\s-]/g, '');
      const asked = ask('charge', key, money);
      if (card === SILENT && asked.times === 1) throw new Error('The simulated gateway did not answer.');
      const reason = DECLINES.get(card);
      asked.outcome = reason ? 'declined' : 'succeeded';
      return reason ? { outcome: 'declined', reason } : { outcome: 'succeeded' };
    },
    async payBack({ key, money }) {
      ask('pay-back', key, money).outcome = 'succeeded';
    },
    asked: () => [...byKey.values()],
  };
}
