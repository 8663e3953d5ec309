import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { services } from '../infra/topology.ts';
import { usd } from './people.ts';
import { world } from './world.ts';

const watch = join(import.meta.dirname, '../infra/watch');
const read = (file: string): string => readFileSync(join(watch, file), 'utf8');
const dashboards = readdirSync(join(watch, 'grafana/dashboards')).map((file) => ({ file, text: read(`grafana/dashboards/${file}`) }));

/** Says what promtool finds. @throws what it printed, when it finds something. */
function promtool(args: string[], input = ''): string {
  try {
    return execFileSync('promtool', args, { cwd: watch, input, stdio: 'pipe' }).toString();
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout?: Buffer; stderr?: Buffer; code?: string };
    if (code === 'ENOENT') return code;
    throw new Error(`${stdout}${stderr}`);
  }
}

const isThere = promtool(['--version']) !== 'ENOENT';
if (!isThere) console.warn('promtool is not installed (apt-get install prometheus): the rules of Prometheus are not tried here');

/** Figures of a Souk in which somebody has bought something. */
let metrics: string;

beforeAll(async () => {
  const w = await world();
  const lamp = await (await w.admin()).lists({ price: usd(20_00), stock: 1 });
  const bob = await w.buyer('bob', { balance: usd(100_00) });
  for (const status of [201, 409])
    expect((await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] })).status).toBe(status);
  await w.get(`/v1/products/${lamp}`);
  await w.step();
  metrics = (await w.get('/metrics')).body as string;
});

describe.runIf(isThere)('promtool', () => {
  test('finds nothing to say about the names and the form of the figures', () => {
    expect(promtool(['check', 'metrics'], metrics)).toBe('');
    expect(() => promtool(['check', 'metrics'], '# TYPE souk_calls counter\nsouk_calls 1\n')).toThrow('_total');
  });

  test('finds the configuration and the rules well formed', () => {
    expect(promtool(['check', 'config', '--lint-fatal', 'prometheus.yml'])).toContain('SUCCESS');
  });

  test('can read every expression of the dashboards', () => {
    const folder = mkdtempSync(join(tmpdir(), 'souk-watch-'));
    const expressions = dashboards.flatMap(({ text }) =>
      [...text.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(([, expr]) => JSON.parse(expr!) as string),
    );
    const rules = expressions.map((expr, n) => ({ record: `expression_${n}`, expr: expr.replaceAll('$job', '.*') }));
    const check = (name: string, all: object[]) => {
      writeFileSync(join(folder, name), JSON.stringify({ groups: [{ name: 'dashboards', rules: all }] }));
      return promtool(['check', 'rules', join(folder, name)]);
    };
    expect(expressions.length).toBeGreaterThan(40);
    expect(check('read.yml', rules)).toContain(`SUCCESS: ${rules.length} rules found`);
    expect(() => check('unread.yml', [{ record: 'expression', expr: 'sum(' }])).toThrow('could not parse');
    rmSync(folder, { recursive: true });
  });

  test('sees each alert raised when it should be, and not before', () => {
    expect(promtool(['test', 'rules', 'alerts.test.yml'])).toContain('SUCCESS');
  });
});

test('each alert is tried loud and calm, says how urgent it is, and has its paragraph in the guide', () => {
  const names = [...read('alerts.yml').matchAll(/alert: (\w+)/g)].map(([, name]) => name!);
  const tests = read('alerts.test.yml');
  const guide = readFileSync(join(import.meta.dirname, '../docs/observing.md'), 'utf8').toLowerCase();
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !tests.includes(`alertname: ${name}, exp_alerts: []`))).toEqual([]);
  expect(names.filter((name) => !tests.includes(`alertname: ${name}\n        exp_alerts:\n`))).toEqual([]);
  expect([...read('alerts.yml').matchAll(/severity: (page|ticket) /g)]).toHaveLength(names.length);
  const anchors = [...read('alerts.yml').matchAll(/docs\/observing\.md#(\w+)/g)].map(([, anchor]) => anchor!);
  expect(anchors).toHaveLength(names.length);
  expect(anchors.filter((anchor) => !guide.includes(`### ${anchor}\n`))).toEqual([]);
});

test('what rules and dashboards ask for is measured by a running Souk, or recorded by a rule', () => {
  const measured = [...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  const recorded = [...read('rules.yml').matchAll(/record: (\S+)/g)].map(([, name]) => name!);
  const asked = (text: string): string[] => [
    ...[...text.matchAll(/(?<![:\w])(?:souk|nodejs|process)_\w+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, '')),
    ...[...text.matchAll(/\b\w+:souk_\w+:\w+/g)].map(([name]) => name),
  ];
  for (const { file, text } of [
    { file: 'rules.yml', text: read('rules.yml') },
    { file: 'alerts.yml', text: read('alerts.yml') },
    ...dashboards,
  ]) {
    expect(asked(text).length, file).toBeGreaterThan(5);
    expect(
      asked(text).filter((name) => !measured.includes(name) && !recorded.includes(name)),
      file,
    ).toEqual([]);
  }
  expect(asked('rate(souk_nothing_total[5m]) / job:souk_nothing:rate')).toEqual(['souk_nothing_total', 'job:souk_nothing:rate']);
});

test('routes and events that dashboards ask for are there', () => {
  const labels = (name: string): Set<string> =>
    new Set([...metrics.matchAll(new RegExp(`\\b${name}="([^"]+)"`, 'g'))].map(([, value]) => value!));
  const told = dashboards
    .map(({ text }) => text)
    .join()
    .replaceAll('\\"', '"');
  const routes = [...told.matchAll(/\broute="([^"]+)"/g)].map(([, route]) => route!);
  const events = [...told.matchAll(/\bevent="([^"]+)"/g)].map(([, event]) => event!);
  expect(routes.length).toBeGreaterThan(2);
  expect(routes.filter((route) => !labels('route').has(route))).toEqual([]);
  expect(events.length).toBeGreaterThan(5);
  expect(events.filter((event) => !labels('event').has(event))).toEqual([]);
});

test('labels have few values: patterns and names in the code, no ids', () => {
  expect(metrics).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
  expect(metrics).not.toMatch(/="[^"]*\bbob\b/);
  expect(metrics).toContain('route="/v1/products/{id}"');
});

test('dashboards have a uid, a data source that is chosen, and no panel twice', () => {
  expect(dashboards.map(({ file }) => file)).toEqual(['souk-health.json', 'souk-money.json', 'souk-purchases.json', 'souk-queues.json']);
  for (const { file, text } of dashboards) {
    const { uid, panels } = JSON.parse(text) as {
      uid: string;
      panels: { id: number; title: string; targets: { datasource: { uid: string } }[] }[];
    };
    expect(`${uid}.json`).toBe(file);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
    expect(new Set(panels.flatMap(({ targets }) => targets.map(({ datasource }) => datasource.uid)))).toEqual(new Set(['${datasource}']));
  }
});

test('every service of the topology is scraped at its port, and is missed when it has no process', () => {
  for (const { name, port } of services) {
    expect(read('prometheus.yml')).toContain(`job_name: ${name}\n    dns_sd_configs: [{ names: [${name}], type: A, port: ${port},`);
    expect(read('alerts.yml')).toContain(`absent(up{job="${name}"})`);
  }
});
