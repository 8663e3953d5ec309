import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openRoom, type Server, startServer } from '../test/real-server.ts';

const room = openRoom('readme');
const name = `souk_readme_${process.pid}`;
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

let server: Server;

beforeAll(async () => {
  await onServer(`create database ${name} template souk_template`);
  const database = Object.assign(new URL(inject('serverUrl')), { pathname: `/${name}` }).href;
  server = await startServer(room.path, { DATABASE_URL: database, DEMO: 'on' });
});

afterAll(async () => {
  await server?.stop();
  await onServer(`drop database if exists ${name} with (force)`);
  room.clear();
});

test('the first purchase of the README runs as it is written', async () => {
  const section = /## A first purchase\n([\s\S]*?)\n## /.exec(readme)![1]!;
  const blocks = [...section.matchAll(/```bash\n([\s\S]*?)```/g)].map(([, block]) => block!);
  expect(blocks.length).toBeGreaterThan(4);
  const script = blocks.join('\n').replace('http://localhost:3000', server.url);
  expect(script).toContain(server.url);

  const { stdout } = await promisify(execFile)('bash', ['-c', script], { timeout: 25_000 });

  expect(stdout).toMatch(/The code is \d{6}\./);
  expect(stdout).toMatch(/idempotent-replayed: true/i);
  expect(stdout).toContain('"state":"placed"');
  expect(stdout).toMatch(/"available":8000/);
  expect(stdout).toMatch(/"ok":true/);
  expect(stdout).toMatch(/packed\nshipped\ndelivered/);
  expect(stdout).toContain('"kind":"order-delivered"');
  expect(stdout).not.toContain('/docs/problems#');
});

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('serverUrl') });
  await client.connect();
  await client.query(statement);
  await client.end();
}
