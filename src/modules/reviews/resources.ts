import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Reviews',
    paths: ['/reviews', '/products/{id}/reviews', '/customers/{username}/reviews'],
    about:
      'What customers say about products: one review per customer and product, with a rating from 1 to 5. A review of something that was bought is marked as verified. Comments are screened; some wait for a moderator before they are public. Anyone who is signed in may flag a review.',
  },
];
