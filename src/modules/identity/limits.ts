import type { LimitSpecs } from '#kernel/limits.ts';

/** Limits by address, of calls that guess or send something. docs/running.md lists them for operators. */
export const limits: LimitSpecs = {
  'sign-in': { points: 20, seconds: 60 },
  refresh: { points: 300, seconds: 60 }, // an office behind one address; a refresh token cannot be guessed
  codes: { points: 10, seconds: 60 },
  'sign-up': { points: 30, seconds: 60 },
};
