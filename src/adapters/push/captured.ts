import { type Captured, captured } from '#adapters/captured.ts';
import type { OutgoingHttp } from '#adapters/outgoing-http/port.ts';
import type { Clock } from '#kernel/clock.ts';
import type { Push } from './port.ts';

/** Push messages that nobody receives. Addresses are judged all the same. */
export function capturedPush(http: Pick<OutgoingHttp, 'refusalOf'>, clock?: Clock): Push & Pick<Captured, 'items'> {
  const { add, items } = captured(clock);
  return {
    publicKey: null,
    async send({ key, subscription, payload }) {
      add(key, { channel: 'push', to: subscription.endpoint, subject: payload.title, text: payload.body, html: null });
      return 'sent';
    },
    refusalOf: http.refusalOf,
    items,
  };
}
