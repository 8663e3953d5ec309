import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../conventions.ts';

/** Docker or Podman, with a program that understands compose.yaml. */
export interface Engine {
  readonly name: 'docker' | 'podman';
  /** Runs the engine itself, and gives what it printed. @throws Error with what it said. */
  run(...command: string[]): Promise<string>;
  build(...command: string[]): Promise<string>;
  compose(...command: string[]): Promise<string>;
  /** Whether the engine turns health checks by itself; Podman asks systemd for it. */
  readonly turnsHealthChecks: boolean;
}

/** What pip and go install for tests, as test/containers/tools.sh puts it there. */
export const TOOLS = join(ROOT, '.souk/tools/bin');

const answers = (program: string, ...command: string[]): boolean => spawnSync(program, command, { stdio: 'ignore' }).status === 0;

/** The engine of this machine, or why there is none. `project` is the name of the composition. */
export function findEngine(project: string, environment: Record<string, string>): Engine | string {
  const hasDocker = answers('docker', 'info') && answers('docker', 'compose', 'version');
  const podmanCompose = [join(TOOLS, 'podman-compose'), 'podman-compose'].find((program) => answers(program, '--version'));
  if (!hasDocker && !answers('podman', '--version')) return 'neither Docker with its Compose nor Podman is here';
  if (!hasDocker && !podmanCompose) return 'Podman is here, but podman-compose is not (test/containers/tools.sh brings it)';
  const env = { ...process.env, ...environment, ...(hasDocker ? {} : podmanSettings()) };
  const call = async (program: string, command: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(program, command, { cwd: ROOT, env, maxBuffer: 64 * 1024 * 1024 }).catch(
      (error: { code: number; stdout: string; stderr: string }) => {
        throw new Error(
          `${program} ${command.join(' ')} ended with ${error.code}:\n${error.stdout.slice(-4000)}\n${error.stderr.slice(-4000)}`,
        );
      },
    );
    return stdout.trim();
  };
  const composes = ['-p', project, '-f', join(ROOT, 'compose.yaml')];
  if (hasDocker)
    return {
      name: 'docker',
      run: (...command) => call('docker', command),
      build: (...command) => call('docker', ['build', ...command]),
      compose: (...command) => call('docker', ['compose', ...composes, ...command]),
      turnsHealthChecks: true,
    };
  return {
    name: 'podman',
    run: (...command) => call('podman', command),
    build: (...command) => call('buildah', ['bud', '--isolation', 'chroot', '--layers', '--format', 'docker', ...command]),
    compose: (...command) => call(podmanCompose!, [...composes, ...command]),
    turnsHealthChecks: existsSync('/run/systemd/system'),
  };
}

/** Inside another container, as a CI often runs, there is no systemd, and limits may only be lowered. */
function podmanSettings(): Record<string, string> {
  if (existsSync('/run/systemd/system')) return {};
  const folder = join(ROOT, '.souk/tools');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'containers.conf');
  writeFileSync(
    file,
    '[containers]\ndefault_ulimits = ["nofile=8000:8000", "nproc=8000:8000"]\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n[network]\nnetwork_backend = "netavark"\n',
  );
  return { CONTAINERS_CONF: file };
}
