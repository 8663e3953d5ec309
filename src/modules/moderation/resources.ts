import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Moderation',
    paths: ['/moderation'],
    about:
      'Texts that wait for a moderator, and the decisions about them. Screening finds offensive words, contact details and links. Both calls need `moderation:decide`.',
  },
];
