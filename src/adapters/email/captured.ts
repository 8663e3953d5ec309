import { type Clock, systemClock } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import type { Email } from './port.ts';

export interface CapturedMessage {
  id: string;
  channel: 'email';
  to: string;
  subject: string;
  text: string;
  html: string | null;
  sentAt: string;
}

const KEPT = 1000;

/** Mail that nobody receives: the newest messages stay in memory, for `/dev/outbox` and for tests. */
export function capturedEmail(clock: Clock = systemClock()): Email & { items(to?: string): CapturedMessage[] } {
  const messages = new Map<string, CapturedMessage>(); // by key, oldest first
  return {
    async send({ key, to, subject, text, html }) {
      if (messages.has(key)) return;
      messages.set(key, { id: newId(), channel: 'email', to, subject, text, html: html ?? null, sentAt: clock.now().toISOString() });
      const oldest = messages.size > KEPT ? messages.keys().next().value : undefined;
      if (oldest !== undefined) messages.delete(oldest);
    },
    /** Newest first; with `to`, what was sent to that address. */
    items(to) {
      const wanted = to?.toLowerCase();
      return [...messages.values()].filter((message) => wanted === undefined || message.to.toLowerCase() === wanted).reverse();
    },
  };
}
