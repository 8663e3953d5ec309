import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Favorites',
    paths: ['/favorites'],
    about:
      'Products and people that you want to find again. Each is a favorite once. Of a product you can be told when it is back in stock, and when it costs less.',
  },
];
