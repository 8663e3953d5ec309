import { describe, expect, test } from 'vitest';
import { type Actor, anonymous } from './context.ts';
import type { Problem } from './problems.ts';
import { demandStepUp } from './step-up.ts';

const NOW = 1_800_000_000;
const user = (change: Partial<Actor>): Actor => ({ ...anonymous, kind: 'user', id: 'bob', roles: ['support'], ...change });

function refusalOf(actor: Actor, mfaRoles: string[]): string | undefined {
  try {
    demandStepUp(actor, { mfaRoles, now: new Date(NOW * 1000) });
  } catch (refusal) {
    return (refusal as Problem).code;
  }
}

describe('a route marked (MFA) asks', () => {
  test.each<[string, Partial<Actor>, string[], string | undefined]>([
    ['nothing of an account without a second factor', {}, [], undefined],
    ['nothing of one whose role needs none', {}, ['admin', 'finance'], undefined],
    ['a role that must have one to enrol', {}, ['admin', 'support'], 'mfa-enrolment-required'],
    ['an enrolled account to step up', { mfaEnrolled: true }, [], 'mfa-required'],
    ['nothing more once it has', { mfaEnrolled: true, mfaAt: NOW }, ['support'], undefined],
    ['nothing more for ten minutes', { mfaEnrolled: true, mfaAt: NOW - 600 }, [], undefined],
    ['again after that', { mfaEnrolled: true, mfaAt: NOW - 601 }, [], 'mfa-required'],
    ['enrolment even of whoever stepped up and then removed the factor', { mfaAt: NOW }, ['support'], 'mfa-enrolment-required'],
  ])('%s', (_, change, mfaRoles, code) => {
    expect(refusalOf(user(change), mfaRoles)).toBe(code);
  });
});
