import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

const PAUSE_MS = 25;
const POLL_MS = 1000;

/** Work that is repeated while there is some, and looked for every second otherwise. */
export interface Turns {
  /** One turn. @returns how much it did. */
  turn(): Promise<number>;
  start(): void;
  stop(): Promise<void>;
  /** Says that there is something new. */
  nudge(): void;
}

/** `failed` is what the log says of a turn that failed. The next one comes as usual. */
export function openTurns(turn: () => Promise<number>, log: Logger, failed: string): Turns {
  let wake: (() => void) | undefined;
  let nudged = false;
  let running = false;
  let loop: Promise<void> = Promise.resolve();

  const run = async (): Promise<void> => {
    while (running) {
      nudged = false;
      const did = await turn().catch((error) => {
        log.warn({ err: error }, failed);
        return 0;
      });
      await sleep(PAUSE_MS);
      if (did === 0 && running && !nudged) await Promise.race([sleep(POLL_MS), new Promise<void>((resolve) => (wake = resolve))]);
    }
  };

  const nudge = (): void => {
    nudged = true;
    wake?.();
  };

  return {
    turn,
    nudge,
    start() {
      running = true;
      loop = run();
    },
    async stop() {
      running = false;
      nudge();
      await loop;
    },
  };
}
