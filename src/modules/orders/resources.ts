import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Orders',
    paths: ['/orders', '/customers/{username}/purchases'],
    about: `Buying products.

An order takes the stock and the money together, or neither. Prices are those of the moment of the order. \`POST /v1/orders\` needs an
\`Idempotency-Key\`: after a lost reply, the same call with the same key returns the same order and takes nothing twice.`,
  },
  {
    name: 'Sales by name',
    paths: ['/sales'],
    about: 'Buying one product by its name, in one call. Staff with `sales:create` may buy for a customer.',
  },
];
