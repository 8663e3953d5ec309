import { type Captured, type CapturedMessage, captured } from '#adapters/captured.ts';
import type { Clock } from '#kernel/clock.ts';
import type { Email } from './port.ts';

export interface CapturedEmail extends CapturedMessage {
  headers: Readonly<Record<string, string>>;
}

/** Mail that nobody receives. */
export function capturedEmail(clock?: Clock): Email & Pick<Captured<CapturedEmail>, 'items'> {
  const { add, items } = captured<CapturedEmail>(clock);
  return {
    async send({ key, to, subject, text, html, headers = {} }) {
      add(key, { channel: 'email', to, subject, text, html: html ?? null, headers });
      return 'sent';
    },
    items,
  };
}
