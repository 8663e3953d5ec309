/** A browser's subscription (W3C Push API, `PushSubscription.toJSON()`). */
export interface PushSubscription {
  endpoint: string;
  keys: { p256dh: string; auth: string };
}

export interface PushMessage {
  /** Names the message: sent again under the same key, it shows once. */
  key: string;
  subscription: PushSubscription;
  /** What the service worker of the shop is handed. */
  payload: { id: string; kind: string; title: string; body: string };
  urgent: boolean;
  signal?: AbortSignal | undefined;
}

/** Web Push (RFC 8030). `gone`: the subscription has ended, or can never be reached. A rejection means that it is to be tried again. */
export interface Push {
  /** The key that browsers subscribe with (VAPID, RFC 8292); null where messages are captured and not sent. */
  readonly publicKey: string | null;
  send(message: PushMessage): Promise<'sent' | 'gone'>;
  /** What is wrong with the address of a subscription, or undefined. */
  refusalOf(endpoint: string): Promise<string | undefined>;
}
