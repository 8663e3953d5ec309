import { isMessageKind, type MessageKind } from '#mail/texts.ts';

/** Where a notification can be seen. The last three are sent. */
export const channels = ['in-app', 'email', 'sms', 'push'] as const;
export type Channel = (typeof channels)[number];
export type SentChannel = Exclude<Channel, 'in-app'>;

export interface KindSpec {
  /** What it uses unless the person says otherwise. */
  readonly uses: readonly Channel[];
  /** It passes quiet hours. */
  readonly urgent?: boolean;
  /** About an order of the reader's own: mailed to the address that they signed up by, also while it is unproven. */
  readonly ofOwnOrder?: boolean;
  /** The person can turn its channels off, and its emails say how. Otherwise its channels cannot be changed. */
  readonly canBeTurnedOff: boolean;
}

/** All that people are told of, and how. Their texts are in src/mail. */
export const kinds = {
  // to buyers
  'order-placed': { uses: ['in-app', 'email'], ofOwnOrder: true, canBeTurnedOff: false },
  'order-packed': { uses: ['in-app', 'push'], ofOwnOrder: true, canBeTurnedOff: true },
  'order-shipped': { uses: ['in-app', 'email', 'push'], ofOwnOrder: true, canBeTurnedOff: true },
  'order-delivered': { uses: ['in-app', 'email', 'push'], ofOwnOrder: true, canBeTurnedOff: true },
  'order-cancelled': { uses: ['in-app', 'email', 'push'], ofOwnOrder: true, canBeTurnedOff: false },
  'order-refunded': { uses: ['in-app', 'email'], ofOwnOrder: true, canBeTurnedOff: false },
  'return-accepted': { uses: ['in-app', 'email', 'push'], ofOwnOrder: true, canBeTurnedOff: true },
  'return-refused': { uses: ['in-app', 'email', 'push'], ofOwnOrder: true, canBeTurnedOff: true },
  'review-decided': { uses: ['in-app', 'email'], canBeTurnedOff: true },
  // to those who asked for it
  'back-in-stock': { uses: ['in-app', 'email', 'push'], canBeTurnedOff: true },
  'price-fell': { uses: ['in-app', 'email', 'push'], canBeTurnedOff: true },
  // to sellers
  sold: { uses: ['in-app', 'email', 'push'], canBeTurnedOff: true },
  'sale-cancelled': { uses: ['in-app', 'email', 'push'], urgent: true, canBeTurnedOff: false },
  'return-requested': { uses: ['in-app', 'email', 'push'], canBeTurnedOff: true },
  'payout-sent': { uses: ['in-app', 'email'], canBeTurnedOff: true },
  'payout-failed': { uses: ['in-app', 'email'], urgent: true, canBeTurnedOff: false },
  'payout-waiting': { uses: ['in-app', 'email'], canBeTurnedOff: true },
  'product-decided': { uses: ['in-app', 'email'], canBeTurnedOff: true },
  'cleaned-up': { uses: ['in-app', 'email'], canBeTurnedOff: true },
  'upload-refused': { uses: ['in-app', 'email'], canBeTurnedOff: true },
  'stock-low': { uses: ['in-app', 'email'], canBeTurnedOff: true },
  // to operators of webhooks, and to everybody
  'webhook-paused': { uses: ['in-app', 'email'], urgent: true, canBeTurnedOff: false },
  'channel-stopped': { uses: ['in-app'], urgent: true, canBeTurnedOff: false },
} as const satisfies Record<string, KindSpec>;

export type Kind = keyof typeof kinds;

export const kindNames = Object.keys(kinds) as [Kind, ...Kind[]];

export const specOf = (kind: Kind): KindSpec => kinds[kind];

/** What a person has chosen, by `kind:channel`. */
export type Choices = Readonly<Record<string, boolean>>;

/** Texts that are mailed although their kind is not: the API that these orders are placed by promises it. */
const MAILED: ReadonlySet<string> = new Set(['order-packed.platform']);

/** Whether a kind uses a channel, with this text, for a person who has made these choices. */
export function isOn(kind: Kind, channel: Channel, choices: Choices, text: string = kind): boolean {
  const { uses, canBeTurnedOff } = specOf(kind);
  const isUsed = uses.includes(channel) || (channel === 'email' && MAILED.has(text));
  return (canBeTurnedOff ? choices[`${kind}:${channel}`] : undefined) ?? isUsed;
}

/** The text of a kind about an order: that of the API by which it was placed, where that has one of its own. */
export const textFor = <K extends Kind & MessageKind>(kind: K, placedBy: string | undefined): MessageKind =>
  placedBy !== undefined && isMessageKind(`${kind}.${placedBy}`) ? (`${kind}.${placedBy}` as MessageKind) : kind;
