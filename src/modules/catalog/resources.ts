import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Products',
    paths: ['/products', '/product-approvals', '/categories'],
    about: `What is for sale. Lists and single products are public; everything else belongs to the seller or to staff.

A product has at least one variant, with options, a price and a stock. A seller's product starts as a \`draft\`, is submitted, and becomes public when
staff approve it. A new name, description, translation or image of a public product waits for approval, while the old one is shown. Staff products are public at once.

\`translations\` hold name and description in other languages; a search finds a product by the words of all of them.

Send \`If-Match\` with the \`ETag\` of what you have read, and a change that somebody made in the meantime is not overwritten.`,
  },
  {
    name: 'Stock',
    paths: ['/products/{id}/stock'],
    about: 'Adding units to a product or taking some away, and the history of both. The stock never goes below zero.',
  },
];
