import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Profiles',
    paths: ['/users/{userId}/profile', '/users/profile'],
    about:
      'What everybody may see of an account: its names, its picture, what was verified, and since when it exists. A picture is announced, then sent to the signed address of the reply; it is shown as soon as it has been checked.',
  },
];
