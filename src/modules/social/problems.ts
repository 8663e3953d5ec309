import { z } from 'zod';
import { problem } from '#kernel/problems.ts';

export const unknownProvider = problem({
  code: 'social/unknown-provider',
  status: 404,
  title: 'This provider is not available',
  detail: 'Sign-in with this provider is not set up here. Sign in with a password, or with another provider.',
});

/** One answer for a state that is unknown, too old, used, or another browser's. */
export const unknownRequest = problem({
  code: 'social/unknown-journey',
  status: 403,
  title: 'This sign-in cannot continue',
  detail: 'It was not started in this browser, is finished, or took longer than 10 minutes. Start again (GET /v1/auth/social/{provider}).',
});

export const declined = problem({
  code: 'social/declined',
  status: 403,
  title: 'The provider refused',
  detail: 'You did not agree, or the provider refused. Start again, or sign in another way.',
});

export const notProven = problem({
  code: 'social/not-proven',
  status: 403,
  title: 'Your identity is not proven',
  detail: 'The answer of the provider does not belong to this sign-in. Start again.',
});

export const providerUnavailable = problem({
  code: 'social/provider-unavailable',
  status: 503,
  title: 'The provider does not answer',
  members: { retryAfterSeconds: z.int() },
  detail: 'The provider cannot be reached, or its answer is not valid. Try again in a moment, or sign in another way.',
});

export const wrongTicket = problem({
  code: 'social/wrong-ticket',
  status: 401,
  title: 'The ticket is not valid',
  detail: 'A ticket is valid once, for a minute (five where a one-time code is needed). Start again (GET /v1/auth/social/{provider}).',
});
