import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import PostalMime, { type Email as Parsed } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { onTestFinished } from 'vitest';

export interface MailServer {
  /** With a user and a password that the server demands. */
  url: string;
  /** What has arrived for an address, newest first. */
  inbox(
    to: string,
  ): Promise<{ subject: string; text: string; html: string | null; messageId: string; from: string; headers: Record<string, string> }[]>;
}

/**
 * A real SMTP server for one test, on a free port. With `tls` it offers STARTTLS, by a certificate that nobody vouches for; it refuses
 * the address `knowsNot` for good, and the first `refuses` recipients for the moment.
 */
export async function mailServer({ tls = false, refuses = 0, knowsNot = '' } = {}): Promise<MailServer> {
  const arrived: { to: string[]; mail: Parsed }[] = [];
  let refusals = refuses;
  const server = new SMTPServer({
    disabledCommands: tls ? [] : ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      username === 'souk' && password === 'p@ss' ? done(null, { user: username }) : done(new Error('Invalid username or password')),
    onRcptTo({ address }, _session, done) {
      if (address === knowsNot) return done(Object.assign(new Error('5.1.1 No such user here'), { responseCode: 550 }));
      if (address === 'policy@example.com') return done(Object.assign(new Error('5.7.1 Relaying denied'), { responseCode: 550 }));
      return refusals-- > 0 ? done(Object.assign(new Error('Try again later'), { responseCode: 450 })) : done();
    },
    onData(stream, { envelope }, done) {
      buffer(stream)
        .then((bytes) => PostalMime.parse(bytes))
        .then((mail) => {
          arrived.unshift({ to: envelope.rcptTo.map(({ address }) => address), mail });
          done();
        }, done);
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return {
    url: `smtp://souk:${encodeURIComponent('p@ss')}@127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    async inbox(to) {
      const mine = arrived.filter((message) => message.to.includes(to));
      return mine.map(({ mail }) => ({
        subject: mail.subject ?? '',
        text: (mail.text ?? '').replace(/\n$/, ''),
        html: mail.html?.trim() ?? null,
        messageId: mail.messageId ?? '',
        from: mail.from?.address ?? '',
        headers: Object.fromEntries(mail.headers.map(({ key, value }) => [key, value])),
      }));
    },
  };
}
