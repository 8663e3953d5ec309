/** A service: a process, or several alike, that hold some of the modules. */
export interface Service {
  readonly name: string;
  /** Where it answers, beside the gateway. */
  readonly port: number;
  /** Names of its modules, in the order of `src/modules/index.ts`. */
  readonly modules: readonly string[];
}

/** Where the gateway answers for all services. */
export const gatewayPort = 8080;

/**
 * What runs where when Souk runs as services, lowest first: a service asks only those before it. The gateway, the compose file, the
 * database roles, `souk services` and the tests follow from this table.
 */
export const services: readonly Service[] = [
  { name: 'customers', port: 5000, modules: ['identity', 'social', 'partners', 'moderation', 'media', 'profiles', 'wallet', 'customers'] },
  { name: 'inventory', port: 5001, modules: ['inventory', 'banners', 'catalog', 'imports'] },
  { name: 'sales', port: 5002, modules: ['orders', 'fulfilment'] },
  { name: 'reviews', port: 5003, modules: ['reviews'] },
  { name: 'engagement', port: 5005, modules: ['notifications', 'favorites', 'integrations', 'platform', 'microservices'] },
];

/** The service with the lowest module: it keeps the kernel's rows, answers for the audit trail and shows the documents of all. */
export const keeper: Service = services[0]!;

/** The service with the module that hears every event: it takes them from the kernel's log. */
export const hearer: Service | undefined = services.find(({ modules }) => modules.includes('integrations'));

/** The service that stores the files of people: its replicas share a volume, or a bucket. */
export const storer: Service = services.find(({ modules }) => modules.includes('media'))!;

/** The settings that tell a service what it holds and where the other modules answer. `hostOf` says where a service runs. */
export const settingsOf = (service: Service, hostOf: (service: Service) => string): Record<string, string> => ({
  PORT: String(service.port),
  ...modulesOf(service, (other) => [`http://${hostOf(other)}:${other.port}`]),
});

/** The same without the port, where the replicas of a service answer at addresses of their own. */
export const modulesOf = (service: Service, urlsOf: (service: Service) => readonly string[]): Record<string, string> => ({
  MODULES: service.modules.join(','),
  ...Object.fromEntries(
    services
      .filter((other) => other !== service)
      .flatMap((other) => other.modules.map((module) => [`${module.toUpperCase()}_SERVICE_URL`, urlsOf(other).join(',')])),
  ),
});
