import { z } from 'zod';
import { problem } from '#kernel/problems.ts';

export const unknownProvider = problem({
  code: 'social/unknown-provider',
  status: 404,
  title: 'Nobody signs in with this provider here',
  detail: 'This Souk is not set up to sign in with this provider. Sign in with a password, or with a provider that it offers.',
});

/** One answer for a state that is unknown, too old, used, or another browser's. */
export const unknownJourney = problem({
  code: 'social/unknown-journey',
  status: 403,
  title: 'This sign-in cannot go on',
  detail:
    'It was not begun in this browser, is finished already, or has taken longer than 10 minutes. Begin again (GET /v1/auth/social/{provider}).',
});

export const declined = problem({
  code: 'social/declined',
  status: 403,
  title: 'The provider says no',
  detail: 'You did not agree there, or the provider refused. Begin again, or sign in in another way.',
});

export const notProven = problem({
  code: 'social/not-proven',
  status: 403,
  title: 'It is not proven who you are',
  detail: 'What came back from the provider is not what it gave out for this sign-in. Begin again.',
});

export const providerUnavailable = problem({
  code: 'social/provider-unavailable',
  status: 503,
  title: 'The provider does not answer',
  members: { retryAfterSeconds: z.int() },
  detail: 'The provider cannot be reached, or does not answer as it should. Begin again in a moment, or sign in in another way.',
});

export const wrongTicket = problem({
  code: 'social/wrong-ticket',
  status: 401,
  title: 'The ticket is not good',
  detail: 'A ticket is good once, and for a minute (five where a one-time code is needed). Begin again (GET /v1/auth/social/{provider}).',
});
