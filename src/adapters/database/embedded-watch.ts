import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from './embedded-server.ts';
import { stopServer } from './embedded-server.ts';
import { stillRuns } from './processes.ts';

const lookMs = 250;
const longestPauseMs = 8000;
const triesAtMost = 5;
const deathsAtMost = 5;
const withinMs = 600_000;

export interface Watch {
  /** Resolves with a sentence for the operator once the server has ended and is not started again. */
  lost: Promise<Error>;
  /** Stops watching, and the server. */
  stop(): Promise<void>;
}

/**
 * Starts a server again that ended without being asked (killed for its memory, say), at once and then with growing pauses.
 * It is given up when five starts in a row fail, or when it ends for the sixth time within ten minutes.
 */
export function watchServer(first: Server, startAgain: () => Promise<Server>, log: (line: string) => void): Watch {
  const lost = Promise.withResolvers<Error>();
  const deaths: number[] = [];
  let server = first;
  let runs = stillRuns(server.pid);
  let isStopping = false;
  let restart: Promise<void> | undefined;
  const look = setInterval(() => {
    if (!restart && !runs()) restart = comeBack().finally(() => (restart = undefined));
  }, lookMs).unref();

  const giveUp = (sentence: string): void => {
    clearInterval(look);
    if (!isStopping) lost.resolve(new Error(sentence));
  };

  const comeBack = async (): Promise<void> => {
    const began = Date.now();
    deaths.push(began);
    const recent = deaths.filter((at) => at > began - withinMs).length;
    if (recent > deathsAtMost) return giveUp(`PostgreSQL has ended ${recent} times within ten minutes, without being asked.`);
    log(`PostgreSQL (process ${server.pid}) has ended without being asked; starting it again …`);
    let pauseMs = recent > 1 ? 125 * 2 ** recent : 0;
    for (let tries = 1; !isStopping; tries++) {
      await sleep(pauseMs);
      try {
        server = await startAgain();
        runs = stillRuns(server.pid);
        return log(`PostgreSQL runs again (process ${server.pid}).`);
      } catch (error) {
        if (tries === triesAtMost) return giveUp(`PostgreSQL has ended and cannot be started again. ${(error as Error).message}`);
        pauseMs = Math.min(Math.max(500, pauseMs * 2), longestPauseMs);
      }
    }
  };

  return {
    lost: lost.promise,
    async stop() {
      isStopping = true;
      clearInterval(look);
      await restart;
      await stopServer(server.pid);
    },
  };
}
