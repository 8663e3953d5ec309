import { type Clock, systemClock } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';

/** A message that nobody received, as `/dev/outbox` shows it. */
export interface CapturedMessage {
  id: string;
  channel: 'email' | 'sms' | 'push';
  to: string;
  subject: string;
  text: string;
  html: string | null;
  sentAt: string;
}

const KEPT = 1000;

export interface Captured<Message extends CapturedMessage = CapturedMessage> {
  /** A second one under the same key is dropped. */
  add(key: string, message: Omit<Message, 'id' | 'sentAt'>): void;
  /** Newest first; with `to`, what was sent to that address. */
  items(to?: string): Message[];
}

/** The newest messages of a channel, in memory: for `/dev/outbox` and for tests. */
export function captured<Message extends CapturedMessage = CapturedMessage>(clock: Clock = systemClock()): Captured<Message> {
  const messages = new Map<string, Message>(); // by key, oldest first
  return {
    add(key, message) {
      if (messages.has(key)) return;
      messages.set(key, { ...message, id: newId(), sentAt: clock.now().toISOString() } as Message);
      const oldest = messages.size > KEPT ? messages.keys().next().value : undefined;
      if (oldest !== undefined) messages.delete(oldest);
    },
    items(to) {
      const wanted = to?.toLowerCase();
      return [...messages.values()].filter((message) => wanted === undefined || message.to.toLowerCase() === wanted).reverse();
    },
  };
}

/** What several channels have captured, newest first. */
export const outboxOf = (channels: readonly Pick<Captured, 'items'>[], to?: string): CapturedMessage[] =>
  channels
    .flatMap((channel) => channel.items(to))
    .sort((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, KEPT)
    .map(({ id, channel, to, subject, text, html, sentAt }) => ({ id, channel, to, subject, text, html, sentAt }));
