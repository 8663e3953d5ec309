import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
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
  const opened = import('nodemailer').then(({ createTransport }) =>
    createTransport({
      url,
      requireTLS: !allowsPlain,
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    }),
  );
  const sent = new LRUCache<string, Promise<'sent' | 'refused'>>({ max: REMEMBERED });
  return {
    async send({ key, to, subject, text, html, headers = {} }) {
      const before = sent.get(key);
      if (before) return before;
      const mail = { from, to: { name: '', address: to }, subject, text, html, headers: { ...headers }, messageId: messageId(key, from) };
      const sending = opened
        .then((transport) => transport.sendMail(mail))
        .then(
          () => 'sent' as const,
          (error) => {
            if (isRefusedForGood(error)) return 'refused' as const;
            sent.delete(key);
            throw error;
          },
        );
      sent.set(key, sending);
      return sending;
    },
  };
}

/** The server refuses the recipient, permanently (RFC 5321, 4.2.1), and for no policy of its own (RFC 3463: 5.7). */
const isRefusedForGood = (error: { command?: string; responseCode?: number; response?: string }): boolean =>
  error.command === 'RCPT TO' && (error.responseCode ?? 0) >= 550 && !/^5\d\d[ -]5\.7\./.test(error.response ?? '');

/** RFC 5322, 3.6.4: one id for one message, for every sender and every attempt. */
const messageId = (key: string, from: string): string =>
  `<${createHash('sha256').update(key).digest('hex').slice(0, 40)}@${/@([^\s<>]+)/.exec(from)?.[1] ?? 'souk'}>`;
