import type { Money } from '#kernel/money.ts';

/** A bank that sends sellers their money. Every call carries a key, and a key has one outcome for ever. */
export interface Payouts {
  /**
   * Sends money to a destination by its name, or to the one that the bank knows of the owner.
   * @throws when how it ended is not known: ask again with the same key.
   */
  send(payout: {
    key: string;
    money: Money;
    owner: string;
    destination: string | null;
  }): Promise<{ outcome: 'sent' } | { outcome: 'failed'; reason: string }>;
}
