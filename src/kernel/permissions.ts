/** What staff and partners may do, as `resource:verb`. Customers need none: they act on what is their own. */
export type Permission = `${string}:${string}`;

/** A permission, declared by the module whose routes ask for it. */
export interface PermissionSpec {
  /** What its holder may do, in a few words. */
  readonly does: string;
  /** Roles that hold it. The role `admin` holds all of them. */
  readonly roles: readonly string[];
  /** True for what couriers and warehouses do: keys of partners are made for it. */
  readonly forPartners?: boolean;
}

export type PermissionSpecs = Readonly<Record<Permission, PermissionSpec>>;

/** All permissions of all modules, in this process or elsewhere. */
export interface Permissions {
  readonly all: readonly Permission[];
  readonly forPartners: readonly Permission[];
  /** What these roles give together. A role that is not known (any more) gives nothing. */
  ofRoles(roles: readonly string[]): ReadonlySet<Permission>;
}

interface Declaring {
  readonly name: string;
  readonly permissions: PermissionSpecs;
}

/** @throws Error when two modules declare the same permission. */
export function permissionsOf(modules: readonly Declaring[]): Permissions {
  const specs = new Map<Permission, PermissionSpec>();
  for (const { name, permissions } of modules) {
    for (const [permission, spec] of Object.entries(permissions) as [Permission, PermissionSpec][]) {
      if (specs.has(permission)) throw new Error(`${name} declares the permission ${permission}, which another module has already.`);
      specs.set(permission, spec);
    }
  }
  const all = [...specs.keys()];
  return {
    all,
    forPartners: all.filter((permission) => specs.get(permission)?.forPartners),
    ofRoles: (roles) =>
      new Set(
        roles.includes('admin') ? all : all.filter((permission) => specs.get(permission)?.roles.some((role) => roles.includes(role))),
      ),
  };
}
