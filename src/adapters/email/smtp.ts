import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { createTransport } from 'nodemailer';
import type { Email } from './port.ts';

export interface SmtpSettings {
  /** `smtp://user:password@host:587` (TLS by STARTTLS) or `smtps://…:465` (TLS from the first byte). */
  url: string;
  /** Whom the mail comes from: an address, or `Name <address>`. */
  from: string;
  /** Whether mail may leave without TLS: for a server on this very machine. */
  allowsPlain: boolean;
}

const TIMEOUT_MS = 10_000;
const REMEMBERED = 10_000;

/**
 * Mail through an SMTP server. The server has taken a message when its promise resolves. SMTP knows no keys: a message that is
 * sent again by this process stays here, and one that another process sends again after a crash has the same Message-ID,
 * by which most mailboxes show it once.
 */
export function smtpEmail({ url, from, allowsPlain }: SmtpSettings): Email {
  const transport = createTransport({
    url,
    requireTLS: !allowsPlain,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const sent = new LRUCache<string, Promise<unknown>>({ max: REMEMBERED });
  return {
    async send({ key, to, subject, text, html }) {
      const before = sent.get(key);
      if (before) return void (await before);
      const sending = transport.sendMail({ from, to: { name: '', address: to }, subject, text, html, messageId: messageId(key, from) });
      sent.set(key, sending);
      await sending.catch((error) => {
        sent.delete(key);
        throw error;
      });
    },
  };
}

/** RFC 5322, 3.6.4: one id for one message, for every sender and every attempt. */
const messageId = (key: string, from: string): string =>
  `<${createHash('sha256').update(key).digest('hex').slice(0, 40)}@${/@([^\s<>]+)/.exec(from)?.[1] ?? 'souk'}>`;
