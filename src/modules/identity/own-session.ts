import type { Identity } from './context.ts';
import { noSession } from './problems.ts';

/** The session that this call belongs to. @throws noSession for a token of an outside issuer. */
export function ownSession({ actor }: Identity): string {
  if (actor.sessionId === null) throw noSession();
  return actor.sessionId;
}
