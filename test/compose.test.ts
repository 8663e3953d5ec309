import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { makeSecrets } from '../infra/make-secrets.ts';
import { gatewayPort, services, settingsOf, storer } from '../infra/topology.ts';
import { ROOT } from './conventions.ts';

interface Container {
  environment?: Record<string, string>;
  ports?: string[];
  profiles: string[];
  read_only: boolean;
  cap_drop: string[];
  security_opt: string[];
  deploy: { resources: { limits: Record<string, string | number> } };
  secrets?: (string | { source: string; target: string })[];
  volumes?: string[];
}

const compose = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8'), { merge: true }) as {
  services: Record<string, Container>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, null>;
};

test.each(services)('compose.yaml runs $name as the table of services says', (service) => {
  const { environment } = compose.services[service.name]!;

  expect(environment).toMatchObject(settingsOf(service, ({ name }) => name));
  const known = services.flatMap(({ modules }) => modules.map((module) => `${module.toUpperCase()}_SERVICE_URL`));
  expect(Object.keys(environment!).filter((name) => name.endsWith('_SERVICE_URL') && !known.includes(name))).toEqual([]);
  expect(compose.services.migrate!.environment).toHaveProperty(`${service.name.toUpperCase()}_DATABASE_PASSWORD_FILE`);
});

test('the roles of all services together fit into the connections of PgBouncer', () => {
  const ini = readFileSync(join(ROOT, 'infra/pgbouncer/pgbouncer.ini'), 'utf8');
  const numberOf = (name: string) => Number(new RegExp(`^${name} = (\\d+)$`, 'm').exec(ini)?.[1]);
  expect(services.length * numberOf('default_pool_size')).toBeLessThanOrEqual(numberOf('max_db_connections'));
});

test('the gateway of compose.yaml is the only way in, to all services and to each', () => {
  const published = Object.entries(compose.services).flatMap(([name, { profiles, ports = [] }]) =>
    profiles.includes('core') ? ports.map((port) => `${name}:${port.split(':').at(-1)}`) : [],
  );
  expect(published).toEqual([gatewayPort, ...services.map(({ port }) => port)].map((port) => `gateway:${port}`));
  const servers = readFileSync(join(ROOT, 'infra/gateway/nginx.conf'), 'utf8').split(/^ {2}server \{$/m);
  const named = (pattern: RegExp, server: string) => pattern.exec(server)?.[1];
  const own = servers.map((server) => ({
    port: Number(named(/listen (\d+);/, server)),
    name: named(/proxy_pass http:\/\/(\w+);/, server),
  }));
  expect(own.filter(({ port }) => port > 0)).toEqual(services.map(({ port, name }) => ({ port, name })));
});

test.each(Object.entries(compose.services))(
  'the container %s has no more rights and no more of the machine than it needs',
  (name, given) => {
    expect(given).toMatchObject({
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      read_only: !['postgres', 'rabbitmq'].includes(name),
    });
    expect(Object.keys(given.deploy.resources.limits)).toEqual(['cpus', 'memory', 'pids']);
  },
);

test('the files of people lie on a volume of the service that stores them, or in a bucket whose secret is a file', () => {
  const folder = '/var/lib/souk/media';
  const holders = Object.entries(compose.services).filter(([, { volumes = [] }]) => volumes.includes(`media:${folder}`));
  expect(holders.map(([name, { environment }]) => [name, environment?.MEDIA_FOLDER])).toEqual([[storer.name, folder]]);
  expect(compose.volumes).toHaveProperty('media');
  expect(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).toMatch(new RegExp(`^RUN install -d -o 1000 -g 1000 .*${folder}$`, 'm'));
  const bucket = parse(readFileSync(join(ROOT, 'compose.s3.yaml'), 'utf8')) as typeof compose;
  expect(Object.keys(bucket.services)).toEqual([storer.name]);
  expect(bucket.services[storer.name]).toMatchObject({
    environment: { S3_BUCKET: expect.any(String), S3_SECRET_ACCESS_KEY_FILE: '/run/secrets/s3_secret_access_key' },
    secrets: Object.keys(bucket.secrets),
  });
  expect(bucket.services[storer.name]!.environment).not.toHaveProperty('S3_SECRET_ACCESS_KEY');
});

test('secrets are files, and nothing that is secret stands in the environment', () => {
  for (const [name, { environment = {}, secrets = [] }] of Object.entries(compose.services)) {
    const secret = Object.keys(environment).filter((key) => /PASSWORD|SECRET|KEYS|_URL/.test(key));
    const open = /^(PUBLIC_URL|MEDIA_URL|SMTP_URL|\w+_SERVICE_URL|POSTGRES_DB)$/;
    expect(secret.filter((key) => !open.test(key) && !key.endsWith('_FILE') && !key.endsWith('__FILE'), name)).toEqual([]);
    const files = secrets.map((one) => (typeof one === 'string' ? one : one.target));
    for (const path of Object.entries(environment).filter(([key]) => key.endsWith('_FILE')))
      expect(files, `${name} ${path[0]}`).toContain(path[1].replace('/run/secrets/', ''));
  }
});

test('the secrets that compose.yaml mounts are made once, differ, and lie in a folder of their owner', () => {
  const folder = mkdtempSync(join(tmpdir(), 'souk-secrets-'));
  const secrets = join(folder, 'secrets');
  const read = (name: string) => readFileSync(join(secrets, name), 'utf8').trim();
  try {
    makeSecrets(secrets);

    const files = Object.values(compose.secrets).map(({ file }) => file.split('/').at(-1)!);
    for (const file of files) expect(read(file), file).not.toBe('');
    expect(statSync(secrets).mode & 0o777).toBe(0o700);
    const passwords = ['postgres', 'redis', ...services.map(({ name }) => `${name}_database`)].map((name) => read(`${name}_password`));
    expect(new Set(passwords).size).toBe(passwords.length);
    expect(read('sales_database_url')).toBe(`postgres://souk_sales:${read('sales_database_password')}@pgbouncer:6432/souk`);
    const before = files.map(read);
    expect(makeSecrets(secrets)).toEqual([]);
    rmSync(join(secrets, 'sales_database_url'));
    expect(makeSecrets(secrets)).toEqual(['sales_database_url']);
    expect(files.map(read)).toEqual(before);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
