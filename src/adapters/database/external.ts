import pg from 'pg';
import { neverLost, oldestVersion, type RunningDatabase } from './port.ts';

const limitMs = 5000;

/**
 * A PostgreSQL that somebody else runs. It must answer within five seconds, be version 15 or later, and hold UTF-8.
 * @throws Error whose message is a sentence for the operator and holds no password.
 */
export async function useExternalDatabase(url: string): Promise<RunningDatabase> {
  const client = clientFor(url);
  client.on('error', () => {}); // a connection lost here also fails the question below
  try {
    const version = await within(limitMs, versionOf(client));
    if (version.number < oldestVersion) {
      throw new Refused(`is PostgreSQL ${version.name}, and Souk needs ${Math.floor(oldestVersion / 10000)} or later`);
    }
    if (version.encoding !== 'UTF8') {
      throw new Refused(
        `has the encoding ${version.encoding}, and Souk needs UTF8: make another with create database … encoding 'UTF8' template template0`,
      );
    }
  } catch (error) {
    throw new Error(`The database ${placeOf(client)} ${reasonOf(error, client)}.`);
  } finally {
    void client.end().catch(() => {});
  }
  return { url, embedded: false, lost: neverLost, stop: async () => {} };
}

class Refused extends Error {}

function clientFor(url: string): pg.Client {
  try {
    return new pg.Client({ connectionString: url, application_name: 'souk' });
  } catch {
    throw new Error('DATABASE_URL is not an address of a PostgreSQL: it looks like postgres://user:password@host:5432/database.');
  }
}

async function versionOf(client: pg.Client): Promise<{ number: number; name: string; encoding: string }> {
  await client.connect();
  const { rows } = await client.query(
    `select current_setting('server_version_num')::int as number, current_setting('server_version') as name,
            current_setting('server_encoding') as encoding`,
  );
  return rows[0];
}

async function within<T>(timeMs: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Refused(`did not answer within ${timeMs / 1000} seconds`)), timeMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function placeOf({ host, port, database }: pg.Client): string {
  return `${database} at ${host}:${port}`;
}

/** What went wrong, in words of our own where we know it: the driver's might quote the address. */
function reasonOf(error: unknown, client: pg.Client): string {
  if (error instanceof Refused) return error.message;
  const { code, message } = error as { code?: string; message: string };
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'could not be reached: nothing listens there',
    ENOTFOUND: 'could not be reached: there is no such host',
    EAI_AGAIN: 'could not be reached: the name of the host could not be looked up',
    ETIMEDOUT: 'could not be reached: its host does not answer',
    EHOSTUNREACH: 'could not be reached: no way leads to its host',
    ENETUNREACH: 'could not be reached: no way leads to its host',
    '53300': 'has no connection left',
    '57P03': 'is starting or stopping',
    ENOENT: 'could not be reached: there is no such socket',
    '28P01': `refused the password of user ${client.user}`,
    '28000': `refused user ${client.user}`,
    '3D000': 'does not exist on that server',
  };
  return reasons[code ?? ''] ?? `could not be used: ${withoutPassword(message, client.password)}`;
}

function withoutPassword(message: string, password: unknown): string {
  return typeof password === 'string' && password ? message.replaceAll(password, '…') : message;
}
