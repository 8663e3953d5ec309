import { setTimeout as sleep } from 'node:timers/promises';
import { findBinaries } from './embedded-binaries.ts';
import { openCluster, placeIn, urlOf } from './embedded-cluster.ts';
import { type Home, openHome } from './embedded-home.ts';
import { runningServer, serve } from './embedded-server.ts';
import { watchServer } from './embedded-watch.ts';
import { isLocked, lockFolder } from './folder-lock.ts';
import { neverLost, type RunningDatabase } from './port.ts';

interface Settings {
  /** Where the files are. The folder is for the database alone. */
  folder: string;
  /** Settings of postgresql.conf that go before ours. */
  options?: Record<string, string>;
  /** Where it listens; any free port without it. */
  port?: number;
  log?: (line: string) => void;
  /** Only looks in: where a Souk is at work on the folder its server is shared, and outlives this visit. */
  visit?: boolean;
}

const pollMs = 200;
const hostPatienceMs = 30_000;

/**
 * Runs a PostgreSQL of our own, for this process and its visitors, and starts it again when it ends by itself. It outlives a process that is killed, and the next
 * start on the same folder takes it over.
 * @throws Error whose message is a sentence for the operator.
 */
export async function startEmbeddedPostgres(settings: Settings): Promise<RunningDatabase> {
  try {
    return await start(settings);
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (!syscall) throw error;
    throw new Error(
      `The database in ${settings.folder} cannot be used (${message}): set SOUK_DATA to a folder that can be written, or DATABASE_URL to a PostgreSQL.`,
    );
  }
}

async function start({ folder, options = {}, port, log = () => {}, visit = false }: Settings): Promise<RunningDatabase> {
  const home = openHome(folder, log);
  const shared = visit ? await visited(home) : undefined;
  if (shared) return shared;
  const unlock = await lockFolder(home.path);
  try {
    const cluster = openCluster(home, findBinaries(home, log), log, options.fsync !== 'off');
    const server = await serve(cluster, options, log, port);
    let stopped: Promise<void> | undefined;
    const watch = watchServer(server, () => serve(cluster, options, log, server.port), log);
    const stop = () => (stopped ??= watch.stop().finally(unlock));
    return { url: urlOf(cluster, server.port), embedded: true, lost: watch.lost, stop };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** The server of the Souk that has the folder, waiting for one that is just starting; undefined when nobody has it. */
async function visited(home: Home): Promise<RunningDatabase | undefined> {
  const deadline = Date.now() + hostPatienceMs;
  for (; await isLocked(home.path); await sleep(pollMs)) {
    const place = placeIn(home);
    const server = place && (await runningServer(place));
    if (server) return { url: urlOf(place, server.port), embedded: true, lost: neverLost, stop: async () => {} };
    if (Date.now() > deadline) throw new Error(`A Souk has the database in ${home.path}, but it does not answer: stop that Souk first.`);
  }
  return undefined;
}
