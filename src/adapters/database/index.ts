import { startEmbeddedPostgres } from './embedded.ts';
import { useExternalDatabase } from './external.ts';
import type { RunningDatabase } from './port.ts';

/**
 * The database of this Souk: the one at `databaseUrl`, or else an embedded PostgreSQL whose files are in `folder`.
 * @throws Error whose message is a sentence for the operator and holds no password.
 */
export function startDatabase(settings: {
  databaseUrl?: string;
  folder: string;
  options?: Record<string, string>;
  log?: (line: string) => void;
  /** For a program that only looks in: beside a Souk at work on the folder it shares that one's server and leaves it running. */
  visit?: boolean;
}): Promise<RunningDatabase> {
  const { databaseUrl, ...own } = settings;
  return databaseUrl ? useExternalDatabase(databaseUrl) : startEmbeddedPostgres(own);
}
