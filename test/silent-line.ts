import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to the database that can withhold what it answers. */
export interface SilentLine {
  readonly url: string;
  /**
   * From now on, or where a connection sends these words, what is sent arrives, and no answer comes back. @returns how to let the answers
   * go on.
   */
  fallSilent(at?: string): () => void;
  close(): Promise<void>;
}

export async function openSilentLine(databaseUrl: string): Promise<SilentLine> {
  const to = new URL(databaseUrl);
  const pairs = new Set<[Socket, Socket]>();
  const server = createServer((client) => {
    const database = connect(Number(to.port), to.hostname);
    const pair: [Socket, Socket] = [client, database];
    pairs.add(pair);
    for (const end of pair)
      end
        .setNoDelay(true)
        .on('error', () => {})
        .on('close', () => {
          pairs.delete(pair);
          for (const other of pair) other.destroy();
        });
    client.pipe(database).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: Object.assign(new URL(databaseUrl), { hostname: '127.0.0.1', port: String((server.address() as AddressInfo).port) }).href,
    fallSilent(at) {
      const held: [Socket, Socket][] = [];
      const hold = (pair: [Socket, Socket]) => {
        held.push(pair);
        pair[1].unpipe(pair[0]).pause();
      };
      for (const pair of pairs) {
        if (at === undefined) hold(pair);
        else pair[0].on('data', (sent: Buffer) => held.includes(pair) || !sent.includes(at) || hold(pair));
      }
      return () => {
        for (const [client, database] of held) database.pipe(client);
      };
    },
    async close() {
      server.close();
      for (const [client] of pairs) client.destroy();
    },
  };
}
