import { minutes } from './clock.ts';
import type { Actor } from './context.ts';
import { mfaEnrolmentRequired, mfaRequired } from './problems.ts';

/** How long a session counts as stepped up after its second factor was proven. */
export const STEPPED_UP_MS = minutes(10);

/**
 * Guards a route marked `mfa`: a caller with a second factor must have proven it lately, and holders of the roles
 * that the operator names must have enrolled one. Nobody else is asked for anything.
 * @throws mfaRequired, mfaEnrolmentRequired
 */
export function demandStepUp(actor: Actor, { mfaRoles, now }: { mfaRoles: readonly string[]; now: Date }): void {
  if (!actor.mfaEnrolled) {
    if (actor.roles.some((role) => mfaRoles.includes(role))) throw mfaEnrolmentRequired();
    return;
  }
  if (actor.mfaAt === null || now.getTime() - actor.mfaAt * 1000 > STEPPED_UP_MS) throw mfaRequired();
}
