import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'API keys',
    paths: ['/api-keys'],
    about:
      'Keys for the systems of partners. A key is shown once, when it is made, and is sent as `X-Api-Key`. It may make the calls that its scopes name, and none that belong to a person. A deleted key is refused at once.',
  },
];
