import pg from 'pg';

/** LISTEN on a direct connection: how processes on one database wake each other. */
export interface Signals {
  /** False while the connection is down: then nothing is heard and callers must look for themselves. */
  hearing(): boolean;
  /** `heard` runs at each notification, and once whenever hearing begins anew (what was said meanwhile is lost). */
  on(channel: string, heard: () => void): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const RETRY_MS = 500;

/** How PostgreSQL knows the one connection that every living process holds. */
export const LISTENER = 'souk-signals';

export function openSignals(url: string): Signals {
  const listeners = new Map<string, (() => void)[]>();
  let client: pg.Client | undefined;
  let hearing = false;
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;

  const connect = async (): Promise<void> => {
    const fresh = new pg.Client({ connectionString: url, keepAlive: true, application_name: LISTENER });
    const lost = () => {
      if (client === fresh) {
        hearing = false;
        client = undefined;
        if (!stopped) retry = setTimeout(() => void connect(), RETRY_MS);
      }
    };
    client = fresh;
    fresh.on('error', lost);
    fresh.on('end', lost);
    fresh.on('notification', ({ channel }) => {
      for (const heard of listeners.get(channel) ?? []) heard();
    });
    try {
      await fresh.connect();
      for (const channel of listeners.keys()) await fresh.query(`listen ${pg.escapeIdentifier(channel)}`);
      hearing = true;
      for (const all of listeners.values()) for (const heard of all) heard();
    } catch {
      await fresh.end().catch(() => {});
      lost();
    }
  };

  return {
    hearing: () => hearing,
    on(channel, heard) {
      listeners.set(channel, [...(listeners.get(channel) ?? []), heard]);
      if (hearing) void client?.query(`listen ${pg.escapeIdentifier(channel)}`);
    },
    start: connect,
    async stop() {
      stopped = true;
      clearTimeout(retry);
      hearing = false;
      await client?.end().catch(() => {});
    },
  };
}
