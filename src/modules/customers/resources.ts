import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Customers',
    paths: ['/customers'],
    about: `Accounts and their personal data.

Owners read, change, export and delete their own data. Staff need \`customers:read\`. Deletion is refused while money, orders or deliveries are open, and
the refusal names the reasons. After it, nothing personal is left; ids and amounts stay in orders and in the ledger.`,
  },
];
