import { findBinaries } from './embedded-binaries.ts';
import { openCluster, urlOf } from './embedded-cluster.ts';
import { openHome } from './embedded-home.ts';
import { serve, stopServer } from './embedded-server.ts';
import { lockFolder } from './folder-lock.ts';
import type { RunningDatabase } from './port.ts';

interface Settings {
  /** Where the files lie; it is for the database alone. */
  folder: string;
  /** Settings of postgresql.conf that go before ours. */
  options?: Record<string, string>;
  log?: (line: string) => void;
}

/**
 * Runs a PostgreSQL of our own, for this process alone. It outlives a process that is killed, and the next start on
 * the same folder takes it over.
 * @throws Error whose message is a sentence for the operator.
 */
export async function startEmbeddedPostgres(settings: Settings): Promise<RunningDatabase> {
  try {
    return await start(settings);
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (!syscall) throw error;
    throw new Error(`The database in ${settings.folder} cannot be used (${message}): mend that, or set DATABASE_URL to a PostgreSQL.`);
  }
}

async function start({ folder, options = {}, log = () => {} }: Settings): Promise<RunningDatabase> {
  const home = openHome(folder, log);
  const unlock = await lockFolder(home.path);
  try {
    const cluster = openCluster(home, findBinaries(home, log), log, options.fsync !== 'off');
    const server = await serve(cluster, options, log);
    let stopped: Promise<void> | undefined;
    const stop = () => (stopped ??= stopServer(server.pid).finally(unlock));
    return { url: urlOf(cluster, server.port), embedded: true, stop };
  } catch (error) {
    unlock();
    throw error;
  }
}
