import { type Captured, captured } from '#adapters/captured.ts';
import type { Clock } from '#kernel/clock.ts';
import type { Sms } from './port.ts';

/** Short messages that nobody receives. */
export function capturedSms(clock?: Clock): Sms & Pick<Captured, 'items'> {
  const { add, items } = captured(clock);
  return {
    async send({ key, to, text }) {
      add(key, { channel: 'sms', to, subject: '', text, html: null });
      return 'sent';
    },
    items,
  };
}
