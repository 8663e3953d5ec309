import type { Money } from '#kernel/money.ts';

/** A gateway that moves money between the outside world and Souk. Every call carries a key and has one outcome for ever. */
export interface PaymentGateway {
  /** Takes money from a source (a card, or the gateway's token of one). @throws when how it ended is not known: ask again with the same key. */
  charge(charge: {
    key: string;
    money: Money;
    source: string;
  }): Promise<{ outcome: 'succeeded' } | { outcome: 'declined'; reason: string }>;
  /** Sends money back to where it came from. @throws when how it ended is not known: ask again with the same key. */
  payBack(payment: { key: string; money: Money }): Promise<void>;
}

/** Gateways by name, as accounts (`external:<name>`) and requests call them. */
export type Payments = Readonly<Record<string, PaymentGateway>>;
