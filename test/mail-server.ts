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
  inbox(to: string): Promise<{ subject: string; text: string; html: string | null; messageId: string; from: string }[]>;
}

/** A real SMTP server for one test, on a free port. With `tls` it offers STARTTLS, by a certificate that nobody vouches for. */
export async function mailServer({ tls = false, refuses = 0 } = {}): Promise<MailServer> {
  const arrived: { to: string[]; mail: Parsed }[] = [];
  let refusals = refuses;
  const server = new SMTPServer({
    disabledCommands: tls ? [] : ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      username === 'souk' && password === 'p@ss' ? done(null, { user: username }) : done(new Error('Invalid username or password')),
    onRcptTo: (_address, _session, done) => (refusals-- > 0 ? done(new Error('Try again later')) : done()),
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
      }));
    },
  };
}
