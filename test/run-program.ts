import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a program to its end and gives its exit code. When we are told to end, or whoever started us is gone, so is the program. */
export async function runProgram(env: Record<string, string>, script: string, ...args: string[]): Promise<number> {
  const child = spawn(process.execPath, [script, ...args], { stdio: 'inherit', env: { ...process.env, ...env } });
  const stop = () => child.kill('SIGTERM');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid !== parent && stop(), 500);
  const [code] = await once(child, 'exit');
  clearInterval(watch);
  return code ?? 1;
}
