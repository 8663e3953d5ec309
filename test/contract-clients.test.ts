import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHttpServer } from '../apps/http-server.ts';
import { PASSWORD, usd } from './people.ts';
import { type World, world } from './world.ts';

/**
 * Clients in Go, Java and Python that are generated from the OpenAPI document. Each compiles, and then a new person signs up, charges
 * the wallet, searches and buys through it.
 */

const TOOLS = join(import.meta.dirname, 'contract-tools');
const GENERATED = join(TOOLS, 'generated');
const DOCUMENT = join(GENERATED, 'clients-openapi.json');
const PYTHON = join(GENERATED, 'python/bin/python');
const JAVA_CLASSES = join(TOOLS, 'java/target');

type Command = readonly string[];

interface Language {
  /** What must be installed, and a command that succeeds only where it is. */
  needs: Record<string, Command>;
  folder: string;
  /** Generate the client, and compile it. */
  build: Command[];
  /** The program that buys: arguments are the address of Souk, username, email, password and the name of a product. */
  program(): Command;
}

const languages: Record<string, Language> = {
  Go: {
    needs: { 'Go 1.26': ['go', 'list', '-m'] },
    folder: 'go',
    build: [
      ['go', 'tool', 'oapi-codegen', '-config', 'oapi-codegen.yaml', DOCUMENT],
      ['go', 'build', '-o', join(GENERATED, 'purchase-in-go'), '.'],
    ],
    program: () => [join(GENERATED, 'purchase-in-go')],
  },
  Java: {
    needs: { 'a JDK': ['javac', '-version'], Maven: ['mvn', '-version'] },
    folder: 'java',
    build: [['mvn', '--quiet', '--batch-mode', `-Ddocument=${DOCUMENT}`, 'compile']],
    program: () => ['java', '-cp', `${JAVA_CLASSES}/classes:${readFileSync(`${JAVA_CLASSES}/classpath`, 'utf8')}`, 'Purchase'],
  },
  Python: {
    needs: { 'Python 3.11 with venv': ['python3', '-c', 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'] },
    folder: 'python',
    build: [
      ['python3', '-m', 'venv', join(GENERATED, 'python')],
      [PYTHON, '-m', 'pip', 'install', '--quiet', '--no-deps', '--requirement', 'requirements.txt'],
      [
        ...[PYTHON, '-m', 'openapi_python_client', 'generate', '--path', DOCUMENT, '--config', 'config.yaml', '--meta', 'none'],
        ...['--overwrite', '--fail-on-warning', '--output-path', join(GENERATED, 'python/souk-client/souk')],
      ],
      [PYTHON, '-m', 'compileall', '-q', join(GENERATED, 'python/souk-client')],
    ],
    program: () => ['env', `PYTHONPATH=${join(GENERATED, 'python/souk-client')}`, PYTHON, 'purchase.py'],
  },
};

const isAsked = process.env.CONTRACT_TOOLS === 'on';
const missing = ({ needs, folder }: Language): string[] =>
  Object.keys(needs).filter((name) => {
    const [command, ...args] = needs[name]!;
    return spawnSync(command!, args, { cwd: join(TOOLS, folder) }).status !== 0;
  });
const execute = promisify(execFile);

describe.skipIf(!isAsked)('a client generated from the OpenAPI document', { timeout: 180_000 }, () => {
  let w: World;
  let server: Server;
  let baseUrl: string;

  beforeAll(async () => {
    w = await world();
    mkdirSync(GENERATED, { recursive: true });
    writeFileSync(DOCUMENT, JSON.stringify(w.souk.openapi(), null, 2));
    server = openHttpServer((request, env) => w.souk.fetch(request, env));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sue = await w.seller('sue');
    await sue.lists({ name: 'Red lamp', price: usd(20_00), variants: [{ options: { color: 'red' }, price: usd(20_00), stock: 9 }] });
  });

  afterAll(() => {
    server?.closeAllConnections();
    server?.close();
  });

  for (const [name, language] of Object.entries(languages)) {
    const absent = isAsked ? missing(language) : [];
    if (absent.length > 0) console.log(`Skipped: the client in ${name}. It needs ${absent.join(' and ')}.`);

    test.skipIf(absent.length > 0)(`in ${name} compiles, and a new person buys something with it`, async () => {
      const cwd = join(TOOLS, language.folder);
      for (const [command, ...args] of language.build)
        await execute(command!, args, { cwd }).catch((error: { stdout: string; stderr: string }) => {
          throw new Error(`${command} ${args[0]} fails:\n${error.stdout}\n${error.stderr}`.slice(0, 5_000));
        });

      const [command, ...args] = language.program();
      const username = `guest-of-${language.folder}`;
      const email = `${language.folder}@example.com`;
      const child = spawn(command!, [...args, baseUrl, username, email, PASSWORD, 'Red lamp'], { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
      const bought = json(child.stdout) as Promise<{ id: string }>;
      bought.catch(() => {}); // awaited below
      const code = () => w.step().then(() => /\d{6}/.exec(w.mail(email)?.text ?? '')?.[0]);
      await expect.poll(code, { timeout: 30_000, interval: 100 }).toBeDefined();
      child.stdin.end(`${await code()}\n`);

      expect(await bought).toMatchObject({ state: 'placed', total: 20_00, refusedWith: 'wallet/insufficient-funds' });
      const [order] = await w.sql(`select state from orders.orders where id = $1`, [(await bought).id]);
      expect(order).toEqual({ state: 'placed' });
    });
  }
});
