import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Banners',
    paths: ['/banners'],
    about:
      'Pictures with a link that a shop shows in some place, such as its home page. Staff say when each is on show. Its image is announced, and sent to the signed address of the reply.',
  },
];
