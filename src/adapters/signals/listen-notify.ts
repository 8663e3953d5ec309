import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { sql } from '#kernel/database.ts';
import type { OpenSignals } from './port.ts';

/** The process of PostgreSQL that it said it is, when the connection was made. @types/pg does not have it. */
interface WithProcess {
  processID: number | null;
}

const PROBE_MS = 2000;
const ANSWER_MS = 1500;
const RETRY_MS = 500;

/** How PostgreSQL knows the one connection that every living process holds. */
const LISTENER = 'souk-signals';

/**
 * LISTEN and NOTIFY of PostgreSQL. They need a connection of their own, past any pooler. Behind one in transaction mode LISTEN is
 * lost without a word, and a connection whose other end is gone looks open for minutes: so a probe travels all the way. A pooler may
 * send the probe by the very connection that listened last, which then hears it, and nothing else: so one is recognized by another process id.
 */
export const listenNotify: OpenSignals = ({ url }) => {
  const listeners = new Map<string, (() => void)[]>();
  const probe = `souk_probe_${randomUUID().replaceAll('-', '')}`;
  let client: pg.Client | undefined;
  let hearing = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let began: () => void = () => {};

  const connect = async (): Promise<void> => {
    const fresh = new pg.Client({
      connectionString: url,
      keepAlive: true,
      application_name: LISTENER,
      connectionTimeoutMillis: 5000,
      query_timeout: 5000,
    });
    client = fresh;
    const lost = () => {
      if (client !== fresh) return;
      client = undefined;
      hearing = false;
      clearTimeout(timer);
      cutOff(fresh);
      if (!stopped) timer = setTimeout(() => void connect(), RETRY_MS);
    };
    const ask = () => {
      timer = setTimeout(lost, ANSWER_MS);
      fresh.query(`notify ${probe}`).catch(lost);
    };
    const heardProbe = () => {
      clearTimeout(timer);
      timer = setTimeout(ask, PROBE_MS);
      if (hearing) return;
      hearing = true;
      began();
      for (const all of listeners.values()) for (const heard of all) heard();
    };
    fresh.on('error', lost);
    fresh.on('end', lost);
    fresh.on('notification', ({ channel }) => {
      if (client !== fresh) return;
      if (channel === probe) heardProbe();
      else for (const heard of listeners.get(channel) ?? []) heard();
    });
    try {
      await fresh.connect();
      for (const channel of [probe, ...listeners.keys()]) await fresh.query(`listen ${pg.escapeIdentifier(channel)}`);
      const isOurOwn = (await fresh.query('select pg_backend_pid() as pid')).rows[0].pid === (fresh as unknown as WithProcess).processID;
      if (client !== fresh) return;
      if (isOurOwn) ask();
      else timer = setTimeout(lost, ANSWER_MS);
    } catch {
      lost();
    }
  };

  return {
    hearing: () => hearing,
    on(channel, heard) {
      listeners.set(channel, [...(listeners.get(channel) ?? []), heard]);
      if (hearing) client?.query(`listen ${pg.escapeIdentifier(channel)}`).catch(() => {});
    },
    async send(channels) {
      if (!client) throw new Error('There is no connection for signals.');
      const { text, values } = sentByCommit(channels);
      await client.query(text, values);
    },
    sentByCommit,
    async listeners() {
      if (!hearing) return undefined;
      const counted = await client
        ?.query(
          `select count(*)::int as count from pg_stat_activity where application_name = '${LISTENER}' and datname = current_database()`,
        )
        .catch(() => undefined);
      return counted?.rows[0].count;
    },
    async start() {
      const first = new Promise<void>((resolve) => {
        began = resolve;
        setTimeout(resolve, ANSWER_MS).unref();
      });
      await connect();
      await first;
    },
    async stop() {
      stopped = true;
      hearing = false;
      clearTimeout(timer);
      const last = client;
      client = undefined;
      if (!last) return;
      await Promise.race([last.end().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 500).unref())]);
      cutOff(last);
    },
  };
};

const sentByCommit = (channels: readonly string[]) => sql`select pg_notify(channel, '') from unnest(${channels}::text[]) as channel`;

/** Lets go of a connection without waiting for an answer: the other end may be gone. */
function cutOff(client: pg.Client): void {
  client.on('error', () => {});
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
