import type { PermissionSpecs } from '#kernel/permissions.ts';

export const permissions: PermissionSpecs = {
  'roles:grant': { does: 'gives accounts their roles', roles: [] },
  'customers:read': { does: 'looks at customers and their personal data', roles: ['support'] },
};

/** Permissions of published roles whose modules are still to come; each moves to its module. */
export const comingPermissions: PermissionSpecs = {
  'promotions:write': { does: 'changes promotions and coupons', roles: ['catalog-manager'] },
  'tax:write': { does: 'changes tax rates', roles: ['catalog-manager'] },
  'reports:decide': { does: 'decides reports', roles: ['moderator'] },
  'feedback:read': { does: 'reads feedback', roles: ['support'] },
  'disputes:read': { does: 'reads disputes', roles: ['escrow-officer'] },
  'disputes:rule': { does: 'rules on disputes', roles: ['escrow-officer'] },
  'verifications:decide': { does: 'decides verifications', roles: ['verifier'] },
  'analytics:read': { does: 'reads analytics', roles: ['analyst'] },
};
