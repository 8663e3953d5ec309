import { type Permission, permissions } from '#kernel/permissions.ts';
import type { RoleName } from './contract.ts';

/** What each role may. Buying, selling and offering need none of them. */
const PERMISSIONS_OF: Readonly<Record<RoleName, readonly Permission[]>> = {
  'catalog-manager': ['catalog:write', 'catalog:approve', 'inventory:write', 'promotions:write', 'tax:write'],
  moderator: ['reviews:moderate', 'moderation:decide', 'reports:decide'],
  support: ['customers:read', 'orders:read', 'sales:create', 'feedback:read'],
  finance: ['wallet:manage', 'orders:refund', 'ledger:read', 'payouts:approve'],
  'escrow-officer': ['disputes:read', 'disputes:rule'],
  verifier: ['verifications:decide'],
  analyst: ['analytics:read'],
  operator: ['jobs:manage', 'webhooks:manage', 'audit:read', 'api-keys:manage'],
  admin: permissions,
};

/** The permissions that roles give together. A role that is not known (any more) gives none. */
export const permissionsOf = (roles: readonly string[]): ReadonlySet<Permission> =>
  new Set(roles.flatMap((role) => (Object.hasOwn(PERMISSIONS_OF, role) ? PERMISSIONS_OF[role as RoleName] : [])));
