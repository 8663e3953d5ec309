import { randomUUID } from 'node:crypto';
import type { OpenSignals } from './port.ts';

const PROBE_MS = 2000;
const ANSWER_MS = 1500;
const CONNECT_MS = 2000;
const PREFIX = 'souk:signal:';
/** What every living process hears. */
const EVERYBODY = `${PREFIX}everybody`;

/**
 * Publish and subscribe of Redis, for processes that reach PostgreSQL through a pooler. A signal is sent after the commit, so
 * a process that is killed in between sends none: others find out when they look next.
 */
export const redisSignals =
  (redisUrl: string): OpenSignals =>
  async () => {
    const { createClient } = await import('@redis/client'); // 480 files, for those who have Redis
    const listeners = new Map<string, (() => void)[]>();
    const probe = `${PREFIX}probe:${randomUUID()}`;
    const options = {
      url: redisUrl,
      disableOfflineQueue: true,
      socket: { connectTimeout: CONNECT_MS, reconnectStrategy: (retries: number) => Math.min(100 * 2 ** retries, 1000) },
    };
    const speaker = createClient(options).on('error', () => {});
    const hearer = createClient({ ...options, disableOfflineQueue: false }).on('error', () => {});
    let hearing = false;
    let timer: NodeJS.Timeout | undefined;
    let began: () => void = () => {};
    let stopped = false;

    const ask = (): void => {
      if (stopped) return;
      timer = setTimeout(() => {
        hearing = false;
        ask();
      }, ANSWER_MS);
      speaker.publish(probe, '').catch(() => {});
    };
    const heardProbe = (): void => {
      if (stopped) return;
      clearTimeout(timer);
      timer = setTimeout(ask, PROBE_MS);
      if (hearing) return;
      hearing = true;
      began();
      for (const all of listeners.values()) for (const heard of all) heard();
    };
    const subscribe = (channel: string) =>
      hearer.subscribe(`${PREFIX}${channel}`, () => {
        for (const heard of listeners.get(channel) ?? []) heard();
      });

    return {
      hearing: () => hearing,
      on(channel, heard) {
        const isNew = !listeners.has(channel);
        listeners.set(channel, [...(listeners.get(channel) ?? []), heard]);
        if (isNew && hearer.isReady) void subscribe(channel).catch(() => {});
      },
      async send(channels) {
        await Promise.all(channels.map((channel) => speaker.publish(`${PREFIX}${channel}`, '')));
      },
      async listeners() {
        if (!hearing) return undefined;
        const counted = await speaker.pubSubNumSub([EVERYBODY]).catch(() => undefined);
        return counted && Number(counted[EVERYBODY]);
      },
      async start() {
        const first = new Promise<void>((resolve) => {
          began = resolve;
          setTimeout(resolve, CONNECT_MS).unref();
        });
        const connected = Promise.all([speaker.connect(), hearer.connect()]);
        void connected
          .then(async () => {
            await hearer.subscribe(EVERYBODY, () => {});
            await hearer.subscribe(probe, heardProbe);
            for (const channel of listeners.keys()) await subscribe(channel);
          })
          .catch(() => {})
          .finally(ask);
        await first;
      },
      async stop() {
        stopped = true;
        hearing = false;
        clearTimeout(timer);
        for (const client of [speaker, hearer]) if (client.isOpen) client.destroy();
      },
    };
  };
