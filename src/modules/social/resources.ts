import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Sign-in with Google or Facebook',
    paths: ['/auth/social'],
    about: `Signing in through an identity provider, where the operator has set one up.

1. Send the browser to \`GET /v1/auth/social/{provider}\`. It goes on to the provider.
2. The provider sends it back to the callback. The callback sends it to your page with a ticket.
3. \`POST /v1/auth/social/sign-in\` exchanges the ticket for tokens. A ticket is valid once, for a few minutes.`,
  },
];
