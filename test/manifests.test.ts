import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { services, settingsOf, storer } from '../infra/topology.ts';
import { TOOLS } from './containers/engine.ts';
import { ROOT } from './conventions.ts';

/** Dockerfile, compose.yaml and the chart, as the programs of others read them. */

const CHART = join(ROOT, 'infra/helm/souk');
const GATEWAY = ['--set-file', `gateway.config=${join(ROOT, 'infra/gateway/nginx.conf')}`, '--kube-version', '1.33.0'];
const folder = mkdtempSync(join(tmpdir(), 'souk-manifests-'));
afterAll(() => rmSync(folder, { recursive: true }));

const isAsked = process.env.CONTAINERS === 'on';
const isHere = (tool: string): boolean => {
  const here = isAsked && existsSync(join(TOOLS, tool));
  if (isAsked && !here) console.log(`Skipped: what needs ${tool}; test/containers/tools.sh brings it.`);
  return here;
};
const run = (tool: string, ...command: string[]): string => {
  const { status, stdout, stderr } = spawnSync(join(TOOLS, tool), command, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${tool} refuses ${command.join(' ')}:\n${stdout}\n${stderr}`);
  return stdout;
};
const written = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test('the chart runs the services of the table', () => {
  const values = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
  expect(values.services).toMatchObject(services.map(({ name, port, modules }) => ({ name, port, modules })));
});

test('the chart gives files a volume that replicas share, unless there is a bucket', () => {
  const read = (name: string) => readFileSync(join(CHART, 'templates', name), 'utf8');
  expect(read('media.yaml')).toContain('accessModes: [ReadWriteMany]');
  expect(read('services.yaml')).toContain('and (has "media" $service.modules) (not $root.Values.settings.S3_BUCKET)');
});

describe.skipIf(!isHere('hadolint'))('Dockerfile', () => {
  test('is taken by hadolint, which would notice a mistake', () => {
    run('hadolint', 'Dockerfile');
    expect(() => run('hadolint', written('Dockerfile', 'FROM node:latest\nRUN cd /app && sudo npm ci\n'))).toThrow('DL3007');
  });
});

describe.skipIf(!isHere('compose-spec'))('compose.yaml', () => {
  test("is taken by Compose's own reader, which would notice a mistake", () => {
    const { services: all } = parse(run('compose-spec', 'compose.yaml'));
    expect(Object.keys(all)).toEqual(expect.arrayContaining(services.map(({ name }) => name)));
    const wrong = readFileSync(join(ROOT, 'compose.yaml'), 'utf8').replace('read_only: true', 'readonly: true');
    expect(() => run('compose-spec', written('compose.yaml', wrong))).toThrow('readonly');
  });
});

interface Manifest {
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  spec: any;
}

describe.skipIf(!isHere('helm') || !isHere('kubernetes-validate'))('the chart', () => {
  const render = (...more: string[]): string => run('helm', 'template', 'shop', CHART, ...GATEWAY, ...more);
  const manifests = (text: string): Manifest[] => parseAllDocuments(text).map((document) => document.toJS());

  test.each([
    ['as it is', []],
    [
      'with an ingress, a pooler, one database secret and settings',
      [
        '--set',
        'gateway.ingress.enabled=true,gateway.ingress.className=nginx,gateway.ingress.tlsSecret=tls,pooler=true,sharedDatabaseSecret=db',
        '--set-string',
        'settings.COMMISSION_PERCENT=7',
        '--set',
        'networkPolicy.ingressFrom[0].podSelector.matchLabels.app=proxy',
      ],
    ],
  ] as [string, string[]][])('%s is taken by Helm and by the schemas of Kubernetes', (_, more) => {
    run('helm', 'lint', '--strict', CHART, ...GATEWAY, ...more);
    const text = render(...more);
    run('kubernetes-validate', '--strict', '-k', '1.33', written('chart.yaml', text));
    expect(() =>
      run('kubernetes-validate', '--strict', '-k', '1.33', written('wrong.yaml', text.replace('minReplicas', 'minReplica'))),
    ).toThrow();
  });

  test('each service has its settings, probes, limits, a budget, an autoscaler and a policy, and no rights', () => {
    const all = manifests(render());
    const named = (kind: string, name: string) => all.find((one) => one.kind === kind && one.metadata.name === `shop-${name}`)!;
    for (const service of services) {
      const { spec } = named('Deployment', service.name).spec.template;
      const [souk] = spec.containers;
      const env = Object.fromEntries(souk.env.map(({ name, value }: { name: string; value: string }) => [name, value]));
      expect(env).toMatchObject({ ...settingsOf(service, ({ name }) => `shop-${name}`), MIGRATE: 'off', NODE_ENV: 'production' });
      expect(souk).toMatchObject({
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        livenessProbe: { httpGet: { path: '/livez' } },
        readinessProbe: { httpGet: { path: '/readyz' } },
        resources: { limits: { memory: expect.any(String) }, requests: { cpu: expect.any(String) } },
      });
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const kind of ['Service', 'PodDisruptionBudget', 'HorizontalPodAutoscaler', 'NetworkPolicy'])
        expect(named(kind, service.name), `${kind} ${service.name}`).toBeDefined();
    }
    expect(named('Job', 'migrate').metadata.annotations).toMatchObject({ 'helm.sh/hook': 'pre-install,pre-upgrade' });
  });

  test('the files of people lie on a volume that only the service that stores them has, or in a bucket', () => {
    const mounts = (all: Manifest[]) =>
      all.filter(({ kind, spec }) => kind === 'Deployment' && JSON.stringify(spec).includes('/var/lib/souk/media'));
    const claims = (all: Manifest[]) => all.filter(({ kind }) => kind === 'PersistentVolumeClaim').map(({ metadata }) => metadata.name);
    const usual = manifests(render());
    expect(mounts(usual).map(({ metadata }) => metadata.name)).toEqual([`shop-${storer.name}`]);
    expect(claims(usual)).toEqual(['shop-media']);
    const own = manifests(render('--set', 'media.existingClaim=mine'));
    expect([claims(own), JSON.stringify(mounts(own)).includes('"claimName":"mine"')]).toEqual([[], true]);
    const bucket = manifests(render('--set-string', 'settings.S3_BUCKET=files'));
    expect([claims(bucket), mounts(bucket)]).toEqual([[], []]);
  });

  test('without the routes of the gateway, and with a public address that is none, it is refused with a sentence', () => {
    expect(() => run('helm', 'template', 'shop', CHART, '--kube-version', '1.33.0')).toThrow('give the gateway its routes');
    expect(() => render('--set', 'publicUrl=api.example.com')).toThrow('publicUrl');
  });
});
