import { GATEWAY } from '#kernel/docs.ts';
import { kernelModule } from '#kernel/kernel-module.ts';
import type { Module } from '#kernel/module.ts';
import { patternOf, streamedPatterns } from '#kernel/path-patterns.ts';
import {
  headersTooLarge,
  malformed,
  methodNotAllowed,
  notFound,
  type Problem,
  requestTimeout,
  tooLarge,
  unavailable,
} from '#kernel/problems.ts';
import { BODY_LIMIT_BYTES } from '#kernel/read-body.ts';
import { problemText, SECURITY_HEADERS } from '#kernel/replies.ts';
import { gatewayPort, keeper, type Service, services } from './topology.ts';

export interface GatewayOptions {
  /** What it listens on, such as `8080` or `127.0.0.1:8080`. */
  listen?: string;
  /** Where the replicas of a service answer, each as `host:port`; a name that DNS knows stands for all of them. */
  replicasOf?: (service: Service) => readonly string[];
  /** A folder that nginx may write to. */
  temporary?: string;
  /** Each service by itself on its own port too: in a container, where the replicas have no ports of the machine. */
  ownPorts?: boolean;
}

/** Which service answers a path: a regular expression and the name of the service. The first that matches counts. */
export type RouteMap = readonly (readonly [pattern: string, service: string])[];

/**
 * The routes of all modules, and what is the kernel's; what is fixed stands before what is not.
 * @throws Error when a module lives in no service, or two services answer one path.
 */
export function routeMap(modules: readonly Module[]): RouteMap {
  const owners = new Map<string, Service>();
  for (const { name, routes, dialect } of [kernelModule({} as never, {} as never, true), ...modules]) {
    const service = name === 'kernel' ? keeper : services.find((service) => service.modules.includes(name));
    if (!service) throw new Error(`The module ${name} lives in no service: give it one in infra/topology.ts.`);
    for (const path of [...routes.map(({ path }) => path), ...(dialect ? [dialect.document] : [])]) {
      const pattern = patternOf(path);
      const other = owners.get(pattern);
      if (other && other !== service) throw new Error(`${path} is answered by ${other.name} and by ${service.name}.`);
      owners.set(pattern, service);
    }
  }
  return [...owners].sort(([a], [b]) => keyOf(a).localeCompare(keyOf(b), 'en')).map(([pattern, { name }]) => [pattern, name]);
}

/** Sorts a fixed part of a path before one that may be anything. */
const keyOf = (pattern: string): string => pattern.replaceAll('[^/]+', '~');

/**
 * The configuration of nginx: one address in front of all services. It sends each path to its service, to one replica after another, and
 * asks another one only where that is safe: nothing was sent yet, or the call reads, or HTTP says that repeating it changes nothing, or it
 * carries an Idempotency-Key.
 */
export function gatewayConfig(modules: readonly Module[], options: GatewayOptions = {}): string {
  const { listen = String(gatewayPort), temporary = '/tmp', ownPorts = false } = options;
  const { replicasOf = ({ name, port }) => [`${name}:${port}`] } = options;
  const ROUTES = routeMap(modules).map(([pattern, service]) => `    "~${pattern}" ${service};`);
  const UPSTREAMS = services.map((service) => upstream(service, replicasOf(service)));
  const streamed = streamedPatterns(modules.flatMap(({ routes }) => routes));
  const STREAMED = streamed.map((pattern) => streamedLocation(pattern, '$service'));
  const OWN_PORTS = ownPorts ? services.map((service) => ownPort(service, streamed)) : [];
  return TEMPLATE.replaceAll(
    /\b(ROUTES|UPSTREAMS|OWN_PORTS|STREAMED|LISTEN|TEMPORARY|KEEPER|GATEWAY|ERROR_PAGES|REFUSALS|BODY_LIMIT)\b/g,
    (name) => {
      const values: Record<string, string> = {
        LISTEN: listen,
        TEMPORARY: temporary,
        KEEPER: keeper.name,
        GATEWAY,
        ERROR_PAGES: errorPages(),
        REFUSALS: refusals(),
        BODY_LIMIT: String(BODY_LIMIT_BYTES),
      };
      return values[name] ?? { ROUTES, UPSTREAMS, OWN_PORTS, STREAMED }[name as 'ROUTES']!.join('\n');
    },
  );
}

const upstream = ({ name }: Service, replicas: readonly string[]): string => `
  upstream ${name} {
    zone ${name} 64k;
${replicas.map((address) => `    server ${address} max_fails=1 fail_timeout=1s;\n`).join('')}    keepalive 64;
    keepalive_timeout 30s;
  }`;

/** Passed on as it comes, however large: the service refuses what is too much, while it comes. */
const streamedLocation = (pattern: string, upstream: string): string => `    location ~ ${pattern} {
      client_max_body_size 0;
      client_body_timeout 20s;
      proxy_request_buffering off;
      proxy_next_upstream error timeout;
      proxy_pass http://${upstream};
    }`;

const ownPort = ({ name, port }: Service, streamed: readonly string[]): string => `
  server {
    listen ${port};
${errorPages()}
${refusals()}
${streamed.map((pattern) => streamedLocation(pattern, name)).join('\n')}
    location / {
      proxy_pass http://${name};
    }
  }`;

const HEADER_LIMIT_BYTES = 16 * 1024;

/** What nginx refuses by itself, by the statuses that it gives it: with the words that a service would refuse it with. */
const REFUSALS: Readonly<Record<string, { statuses: readonly number[]; problem: Problem }>> = {
  malformed: { statuses: [400, 411, 501, 505], problem: malformed({ reason: 'This is not HTTP/1.1 as RFC 9112 defines it.' }) },
  nothing: { statuses: [404], problem: notFound() },
  method: { statuses: [405], problem: methodNotAllowed({ allow: 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT' }) },
  late: { statuses: [408], problem: requestTimeout() },
  large: { statuses: [413], problem: tooLarge({ limitBytes: BODY_LIMIT_BYTES }) },
  headers: { statuses: [414, 431, 494], problem: headersTooLarge({ limitBytes: HEADER_LIMIT_BYTES }) },
  away: { statuses: [500, 502, 503, 504], problem: unavailable({ retryAfterSeconds: 1 }) },
};

/** Named by a path, for nginx takes no named location where it could not read the path of a request. */
const pageOf = (name: string): string => `${GATEWAY}/refused/${name}`;

const errorPages = (): string =>
  Object.entries(REFUSALS)
    .map(([name, { statuses }]) => `    error_page ${statuses.join(' ')} = ${pageOf(name)};`)
    .join('\n');

const refusals = (): string =>
  Object.entries(REFUSALS)
    .map(([name, { problem }]) => `    location = ${pageOf(name)} {\n      internal;\n${refusal(problem)}\n    }`)
    .join('\n');

/** A reply of the gateway's own, with the headers of every problem. */
function refusal(problem: Problem): string {
  const { retryAfterSeconds, allow } = problem.extra;
  const headers = {
    ...SECURITY_HEADERS,
    'cache-control': 'no-store',
    'x-request-id': '$own_request_id',
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': retryAfterSeconds }),
    ...(allow === undefined ? {} : { allow }),
  };
  const lines = Object.entries(headers).map(([name, value]) => `      add_header ${name} "${value}" always;`);
  return [...lines, `      return ${problem.status} '${problemText(problem, '$instance')}';`].join('\n');
}

const TEMPLATE = `# Made by "npm run gateway" from infra/topology.ts and the routes of all modules. Do not edit.
worker_processes auto;
pid TEMPORARY/nginx.pid;
error_log stderr warn;

events {
  worker_connections 4096;
}

http {
  access_log off;
  server_tokens off;
  absolute_redirect off;
  default_type application/problem+json;
  client_body_temp_path TEMPORARY/bodies;
  proxy_temp_path TEMPORARY/replies;
  fastcgi_temp_path TEMPORARY/unused;
  uwsgi_temp_path TEMPORARY/unused;
  scgi_temp_path TEMPORARY/unused;

  # Which service answers. The first that matches counts.
  map $uri $service {
    default KEEPER;
ROUTES
  }
UPSTREAMS

  map $http_upgrade $connection_header {
    default upgrade;
    "" "";
  }
  map $request_method:$http_idempotency_key $is_keyed {
    default 0;
    ~^[A-Z]+:. 1;
  }
  # What may stand in a reply of the gateway's own.
  map $request_uri $instance {
    default "";
    "~^(?<safe>[A-Za-z0-9/._~%-]{1,200})" $safe;
  }
  map $http_x_request_id $own_request_id {
    default $request_id;
    "~^(?<given>[A-Za-z0-9_.-]{1,64})$" $given;
  }
  # HTTP/1.0 needs no Host; a service does.
  map $http_host $asked_host {
    default $http_host;
    "" localhost;
  }

  client_max_body_size BODY_LIMIT;
  client_header_timeout 10s;
  client_body_timeout 10s;
  large_client_header_buffers 4 16k;
  keepalive_timeout 60s;
  proxy_http_version 1.1;
  proxy_connect_timeout 2s;
  proxy_read_timeout 30s;
  proxy_send_timeout 30s;
  # A call that has taken longer is not begun anew.
  proxy_next_upstream_timeout 5s;
  proxy_next_upstream_tries 3;
  proxy_set_header Host $asked_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_header;

  server {
    listen LISTEN default_server;
    merge_slashes off;
ERROR_PAGES
    error_page 419 = @keyed;
    recursive_error_pages on;

    # Services ask each other past the gateway, and metrics are for the operator.
    location ~ ^(/internal/|/metrics$|GATEWAY) {
      return 404;
    }
REFUSALS

    # The documents of all services.
    location = / {
      rewrite ^ GATEWAY break;
      proxy_pass http://KEEPER;
    }
    location ~ ^/(docs|openapi\\.json$) {
      rewrite ^ GATEWAY$uri break;
      proxy_pass http://KEEPER;
      proxy_redirect GATEWAY/ /;
    }

    # Bodies that are streamed.
STREAMED

    location / {
      if ($is_keyed) {
        return 419;
      }
      proxy_next_upstream error timeout;
      proxy_pass http://$service;
    }
    location @keyed {
      proxy_next_upstream error timeout non_idempotent;
      proxy_pass http://$service;
    }

  }
OWN_PORTS
}
`;
