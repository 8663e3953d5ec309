/** What staff and partners may do, `resource:verb`. Customers need none of it: they act on what is their own. */
export const permissions = [
  'catalog:write',
  'catalog:approve',
  'inventory:write',
  'promotions:write',
  'tax:write',
  'reviews:moderate',
  'moderation:decide',
  'reports:decide',
  'customers:read',
  'orders:read',
  'orders:pack',
  'orders:ship',
  'orders:deliver',
  'sales:create',
  'feedback:read',
  'wallet:manage',
  'orders:refund',
  'ledger:read',
  'payouts:approve',
  'disputes:read',
  'disputes:rule',
  'verifications:decide',
  'analytics:read',
  'jobs:manage',
  'webhooks:manage',
  'audit:read',
  'api-keys:manage',
  'roles:grant',
] as const;

export type Permission = (typeof permissions)[number];

/** What couriers and warehouses do. No role of the staff holds these but admin's: keys of partners are made for them. */
export const partnerPermissions: readonly Permission[] = ['orders:pack', 'orders:ship', 'orders:deliver'];
